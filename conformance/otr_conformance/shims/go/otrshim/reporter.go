package otrshim

import "sync"

// Reporter is told what happens at an endpoint, in the order in which it happens.
type Reporter struct {
	guard sync.Mutex
	told  [][]byte
}

func (r *Reporter) tell(event string, write func(*fields)) {
	line := &fields{}
	line.text("event", event)
	if write != nil {
		write(line)
	}
	r.guard.Lock()
	defer r.guard.Unlock()
	r.told = append(r.told, line.written)
}

func (r *Reporter) take() [][]byte {
	r.guard.Lock()
	defer r.guard.Unlock()
	told := r.told
	r.told = nil
	return told
}

// Wire: one message for the network.
func (r *Reporter) Wire(wire []byte) {
	r.tell("wire", func(f *fields) { f.octets("wire", wire) })
}

// Message: a text was shown to the user; secure: it was protected.
func (r *Reporter) Message(text []byte, secure bool) {
	r.tell("message", func(f *fields) {
		f.octets("text", text)
		f.number("secure", truth(secure))
	})
}

// Warning: the user was warned; about is a word of the shim protocol. Origin, for people, is what
// the implementation calls it; "" for nothing.
func (r *Reporter) Warning(about, origin string) {
	r.tell("warning", func(f *fields) {
		f.text("about", about)
		if origin != "" {
			f.text("x-origin", origin)
		}
	})
}

// Error: the peer's OTR Error Message was shown.
func (r *Reporter) Error(text []byte) {
	r.tell("error", func(f *fields) { f.octets("text", text) })
}

// Private is what the user is told of a private conversation.
type Private struct {
	// Fingerprint is of the peer's long-term key.
	Fingerprint []byte
	// SSID is the secure session id, 8 bytes.
	SSID []byte
	// Version is the version of OTR in use.
	Version int
	// Bold is the half of the session id in bold, "first" or "second"; "": it is not told.
	Bold string
	// PeerTag is the peer's instance tag; 0: there is none.
	PeerTag uint32
	// Interactive is of version 4: whether the peer took part online; nil: it is not told.
	Interactive *bool
}

// Secure: a private conversation began.
func (r *Reporter) Secure(private Private) { r.tell("secure", private.write) }

// StillSecure: a private conversation was refreshed.
func (r *Reporter) StillSecure(private Private) { r.tell("still-secure", private.write) }

func (p Private) write(f *fields) {
	f.octets("fingerprint", p.Fingerprint)
	f.octets("ssid", p.SSID)
	f.number("version", int64(p.Version))
	if p.Bold != "" {
		f.text("bold", p.Bold)
	}
	if p.PeerTag != 0 {
		f.number("peer-tag", int64(p.PeerTag))
	}
	if p.Interactive != nil {
		f.number("interactive", truth(*p.Interactive))
	}
}

// Finished: the peer ended the private conversation.
func (r *Reporter) Finished() { r.tell("finished", nil) }

// Insecure: the private conversation ended on our side.
func (r *Reporter) Insecure() { r.tell("insecure", nil) }

// Resent: a stored text was sent once the conversation became private.
func (r *Reporter) Resent(text []byte) {
	r.tell("resent", func(f *fields) { f.octets("text", text) })
}

// SMP: the user was told about SMP. The stage is a word of the shim protocol; the question is nil
// where there is none.
func (r *Reporter) SMP(stage string, question []byte) {
	r.tell("smp", func(f *fields) {
		f.text("stage", stage)
		if question != nil {
			f.octets("question", question)
		}
	})
}

// The sides of an event.
const (
	Sent     = "sent"
	Received = "received"
)

// ExtraKey: the extra symmetric key is used; side is Sent or Received.
func (r *Reporter) ExtraKey(key []byte, use uint32, data []byte, side string) {
	r.tell("extra-key", func(f *fields) {
		f.octets("key", key)
		f.number("use", int64(use))
		f.octets("data", data)
		f.text("side", side)
	})
}

// Heartbeat: a heartbeat was sent or seen; side is Sent or Received.
func (r *Reporter) Heartbeat(side string) {
	r.tell("heartbeat", func(f *fields) { f.text("side", side) })
}

// PrekeyUsed: a prekey message of ours was used up.
func (r *Reporter) PrekeyUsed(identifier uint32) {
	r.tell("prekey-used", func(f *fields) { f.number("identifier", int64(identifier)) })
}

func truth(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
