package attach

import "time"

// bye has nothing more queued but the word that this is the end. The app has byeGrace to answer what it was given, and longer while it says
// something: on a busy machine it reads late what was written long ago.
func (l *link) bye() { l.close(AppLeft, byeGrace, frame(opHeld)) }

// finish ends the link once all that is queued has been written.
func (l *link) finish() { l.close(ShutDown, 0, nil) }

func (l *link) close(why Ended, grace time.Duration, last []byte) {
	l.mu.Lock()
	if !l.leaving {
		l.queue = append(l.queue, last...)
		l.leaving, l.ended, l.grace = true, why, grace
		l.openRoom()
	}
	l.mu.Unlock()
	l.nudge()
}

// drained tells whether all has been said that will ever be, and how long the app may take to end the link.
func (l *link) drained() (grace time.Duration, yes bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.grace, l.leaving && len(l.queue) == 0
}

// endAfter ends the link when the app has said nothing for so long, or after byeLongest. Without grace it does so at once.
func (l *link) endAfter(grace time.Duration) {
	latest := time.Now().Add(byeLongest)
	var look func()
	look = func() {
		silent := time.Since(l.hub.began) - time.Duration(l.heard.Load())
		if rest := min(grace-silent, time.Until(latest)); rest > 0 {
			time.AfterFunc(rest, look)
			return
		}
		l.end(LinkLost)
	}
	time.AfterFunc(grace, look)
}

// spare cuts what is left to be written to an app that leaves, once: what clients have said stays here for the next process, behind the frame that is
// being written. An app that is behind would otherwise have to read and answer all of it before it may end, and one that is killed meanwhile
// takes it along. Who has gone is told of, and what they had said before. An app whose clients begin anew has it all, since no other will.
func (l *link) spare(rest []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.leaving || l.sparing || l.ended != AppLeft || l.hello.Options.Anew {
		return rest
	}
	l.sparing = true
	end := 0
	for end < l.written {
		end += len(firstFrame(l.writing[end:]))
	}
	unwritten := append(l.writing[end:len(l.writing):len(l.writing)], l.queue...)
	l.writing = l.writing[:end]
	l.queue, l.spared = partPackets(unwritten)
	return l.writing[l.written:]
}

// partPackets parts what has to be said from what clients have said that are still there.
func partPackets(frames []byte) (said, packets []byte) {
	gone := make(map[uint64]bool)
	for rest := frames; len(rest) > 0; rest = rest[len(firstFrame(rest)):] {
		if number, ok := clientOf(firstFrame(rest), opClosed); ok {
			gone[number] = true
		}
	}
	for rest := frames; len(rest) > 0; rest = rest[len(firstFrame(rest)):] {
		whole := firstFrame(rest)
		if number, ok := clientOf(whole, opPacket); ok && !gone[number] {
			packets = append(packets, whole...)
		} else {
			said = append(said, whole...)
		}
	}
	return said, packets
}
