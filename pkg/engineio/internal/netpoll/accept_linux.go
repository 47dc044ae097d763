package netpoll

import (
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"
)

// acceptNow and closeNow are accept4(2) of a socket that never blocks and close(2) of one, without telling the runtime (see readNow).

func acceptNow(fd uintptr, from *syscall.RawSockaddrAny) (accepted int, err error) {
	size := uint32(syscall.SizeofSockaddrAny)
	n, _, errno := syscall.RawSyscall6(syscall.SYS_ACCEPT4, fd, uintptr(unsafe.Pointer(from)), uintptr(unsafe.Pointer(&size)),
		syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}

func closeNow(fd int) { syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(fd), 0, 0) }

// ownName is where a socket is bound: getsockname(2).
func ownName(fd uintptr) (netip.AddrPort, error) {
	var name syscall.RawSockaddrAny
	size := uint32(syscall.SizeofSockaddrAny)
	if _, _, errno := syscall.RawSyscall(syscall.SYS_GETSOCKNAME, fd, uintptr(unsafe.Pointer(&name)), uintptr(unsafe.Pointer(&size))); errno != 0 {
		return netip.AddrPort{}, errno
	}
	return addrPortOf(&name), nil
}

// addrPortOf returns the zero AddrPort for what is not of TCP.
func addrPortOf(from *syscall.RawSockaddrAny) netip.AddrPort {
	switch from.Addr.Family {
	case syscall.AF_INET:
		four := (*syscall.RawSockaddrInet4)(unsafe.Pointer(from))
		return netip.AddrPortFrom(netip.AddrFrom4(four.Addr), hostPort(four.Port))
	case syscall.AF_INET6:
		six := (*syscall.RawSockaddrInet6)(unsafe.Pointer(from))
		addr := netip.AddrFrom16(six.Addr)
		if six.Scope_id != 0 {
			addr = addr.WithZone(strconv.Itoa(int(six.Scope_id)))
		}
		return netip.AddrPortFrom(addr, hostPort(six.Port))
	}
	return netip.AddrPort{}
}

// hostPort reads a port as the kernel has it, in the order of the network.
func hostPort(port uint16) uint16 {
	bytes := (*[2]byte)(unsafe.Pointer(&port))
	return uint16(bytes[0])<<8 | uint16(bytes[1])
}
