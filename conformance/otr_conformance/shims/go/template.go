// A minimal shim in Go: copy this folder, and put your implementation where the toy is.
//
// It answers the minimal profile. docs/shim-protocol.md says what each request asks for, and
// `otrspec shim check ./shim` says what is missing or wrong. What your implementation can do
// beyond this is a capability: name it in main, and add the methods of its interface in otrshim.
package main

import "example.org/shim/otrshim"

// endpoint is one account's side of the conversation with one correspondent.
type endpoint struct {
	otr    *toy // replace: your implementation
	report *otrshim.Reporter
}

func newEndpoint(new otrshim.New) (otrshim.Endpoint, otrshim.Made, error) {
	e := &endpoint{report: new.Report}
	// Replace. Allow the versions in new.Policy and no other. Generating a long-term key is slow:
	// keep it, by account, for the next endpoint.
	version := 2
	if new.Policy["v3"] {
		version = 3
	}
	e.otr = newToy(new.Account, new.Peer, version, e)
	return e, otrshim.Made{Fingerprint: e.otr.fingerprint}, nil // and Tag, if it has instance tags
}

// ---- What is asked. Replace: call the implementation, which calls back below.

func (e *endpoint) Receive(wire []byte) error { return e.otr.receive(wire) }
func (e *endpoint) Send(text []byte) error    { return e.otr.send(text) }
func (e *endpoint) Start() error              { return e.otr.start() }
func (e *endpoint) End() error                { return e.otr.end() }

// ---- What is reported. Have these called, in the order in which things happen.

// onWire: your implementation sends a message to the network.
func (e *endpoint) onWire(wire []byte) { e.report.Wire(wire) }

// onMessage: your implementation shows a text; secure: it was protected.
func (e *endpoint) onMessage(text []byte, secure bool) { e.report.Message(text, secure) }

// onSecure: your implementation has begun a private conversation with the owner of a key.
func (e *endpoint) onSecure(fingerprint, ssid []byte, version int) {
	e.report.Secure(otrshim.Private{Fingerprint: fingerprint, SSID: ssid, Version: version})
}

// onFinished: your implementation says that the peer ended the private conversation.
func (e *endpoint) onFinished() { e.report.Finished() }

func main() {
	otrshim.Serve(otrshim.Shim{
		Name:         "my-otr",
		Version:      "0.1",
		Protocols:    "2 3", // the versions of OTR that it speaks
		Capabilities: "",    // what else it can do, such as "smp state"
		New:          newEndpoint,
	})
}
