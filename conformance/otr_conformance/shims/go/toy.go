package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
)

// toy is a stand-in for an implementation: it speaks no OTR and protects nothing. Delete it when
// yours is in its place. Its messages on the wire begin with ?TOY.
type toy struct {
	fingerprint, theirs []byte
	version             int
	private             bool
	listener            *endpoint
}

func newToy(account, peer string, version int, listener *endpoint) *toy {
	return &toy{fingerprintOf(account), fingerprintOf(peer), version, false, listener}
}

func fingerprintOf(account string) []byte {
	sum := sha1.Sum([]byte(account))
	return sum[:]
}

func (t *toy) say(verb string, payload []byte) {
	t.listener.onWire([]byte("?TOY " + verb + " " + base64.StdEncoding.EncodeToString(payload)))
}

func (t *toy) start() error {
	t.say("start", nil)
	return nil
}

func (t *toy) send(text []byte) error {
	if t.private {
		t.say("text", text)
	} else {
		t.listener.onWire(text)
	}
	return nil
}

func (t *toy) end() error {
	if t.private {
		t.private = false
		t.say("end", nil)
	}
	return nil
}

func (t *toy) receive(wire []byte) error {
	words := bytes.SplitN(wire, []byte(" "), 3)
	if len(words) != 3 || string(words[0]) != "?TOY" {
		t.listener.onMessage(wire, false)
		return nil
	}
	said, err := base64.StdEncoding.DecodeString(string(words[2]))
	if err != nil {
		return err
	}
	switch string(words[1]) {
	case "start":
		t.say("started", nil)
		t.becomePrivate()
	case "started":
		t.becomePrivate()
	case "text":
		if t.private {
			t.listener.onMessage(said, true)
		}
	case "end":
		if t.private {
			t.private = false
			t.listener.onFinished()
		}
	}
	return nil
}

func (t *toy) becomePrivate() {
	t.private = true
	t.listener.onSecure(t.theirs, []byte("no proof"), t.version)
}
