package netpoll

// Owner is whom a Conn belongs to.
type Owner interface {
	reader
	writer
}

// reader is the side of an Owner that hears. Its methods are called one at a time, from Conn.Start on.
type reader interface {
	// Listening is asked before each read. False ends the reading: Gone comes next.
	Listening() bool
	// Received takes bytes. They are valid until it returns, and may be changed. It may wait: only this
	// connection waits with it.
	Received(data []byte)
	// ReadFailed is told that a read failed: the peer is gone, or a deadline has passed. True asks for
	// another try, before which Listening is asked again. False ends the reading: Gone comes next.
	ReadFailed() (again bool)
	// Gone is the last call of this side. The owner closes the Conn.
	Gone()
}

// writer is the side of an Owner that speaks. Its methods are called one at a time, at the same time as
// those of its reader.
type writer interface {
	// Take hands over what waits to be written. It is called after Conn.Wake, and after Written has
	// returned true. Nil means that nothing is to be written any more.
	Take() Batch
	// Written gives a batch back when the kernel has taken all of it. It returns true if more waits.
	// Otherwise the connection is left alone until the next Wake.
	Written(Batch) (more bool)
	// WriteFailed gives a batch back that could not be written, or not to its end. Nothing more is
	// written until the next Wake.
	WriteFailed(Batch)
}

// Batch is a run of frames that is written in order.
type Batch interface {
	// Len returns how many frames there are.
	Len() int
	// Frame returns the bytes of one. Nobody changes them.
	Frame(i int) []byte
}
