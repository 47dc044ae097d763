package compose

import "net/http"

// byPage tells whether a request without an Origin may come from a page of this site. Browsers leave out the Origin where a page
// asks for a picture, a script or a frame, whatever site the page is of, and such a request must not make a session: it would
// take one of its visitor's places. By Sec-Fetch-Site, which no page can change, the browser says where the page is from, and
// by Sec-Fetch-Dest what the answer is for. Socket.IO clients ask for data ("empty") or a WebSocket; what a person types
// into the address bar has no page ("none"). Who sends neither header is no browser, or one from before 2023.
func byPage(header http.Header) bool {
	switch site := header.Values("Sec-Fetch-Site"); {
	case len(site) == 0, len(site) == 1 && site[0] == "none":
		return true
	case len(site) > 1 || site[0] != "same-origin":
		return false
	}
	dest := header.Get("Sec-Fetch-Dest")
	return dest == "" || dest == "empty" || dest == "websocket"
}
