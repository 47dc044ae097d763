#!/bin/sh
# Is nginx well: do the gateway and the web app answer through it?
#
# nginx looks names up when it reads its configuration, and a container that was made anew may have another address, as new ones
# have of `docker compose up --scale gateway=3`. So if one answers by its name and not through nginx, or the name has other
# addresses than at the last look, nginx reads again (it is process 1 here).

answers() {
	wget -q -S -T 3 -O /dev/null "$1" 2>&1 | grep -q 'HTTP/1\.[01] [1234]'
}

reaches() {
	answers "http://127.0.0.1:8080$2" && return
	answers "http://$1$2" && kill -HUP 1
	return 1
}

now=$(getent ahostsv4 gateway | cut -d ' ' -f 1 | sort -u)
if [ -f /tmp/gateways ] && [ "$now" != "$(cat /tmp/gateways)" ]; then
	kill -HUP 1
fi
echo "$now" >/tmp/gateways

reaches gateway:4000 /socket.io/ && # 400, from the gateway, to a request that asks for nothing
	reaches web:3000 /
