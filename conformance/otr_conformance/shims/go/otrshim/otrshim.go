// Package otrshim is what a shim in Go is made of, except the implementation.
//
// A shim is a small program around an implementation of OTR that speaks the shim protocol
// (docs/shim-protocol.md) on standard input and output. Write a type with the methods of Endpoint,
// and call Serve:
//
//	func main() {
//		otrshim.Serve(otrshim.Shim{Name: "my-otr", Version: "1.0", Protocols: "3", New: newEndpoint})
//	}
//
// What the implementation reports is told to the Reporter in New, at any time and from any
// goroutine: what was not caused by a request comes with the next answer. What it can do beyond
// the minimal profile is a capability: name its word in Capabilities, and add the methods of its
// interface, such as SMP, to the endpoint.
//
// An error that a method returns is the implementation's own, and answered by "refused"; one that
// is made by Unsupported is answered by "unsupported". A panic ends the process, as it would end
// an application: for the suite that is a crash.
package otrshim

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// Shim is what a shim says of itself, and what makes its endpoints.
type Shim struct {
	// Name and Version are the implementation's, for people.
	Name, Version string
	// Protocols are the versions of OTR that it speaks, separated by one space: "2 3".
	Protocols string
	// Capabilities are the words of what it can do, separated by one space.
	Capabilities string
	// MessageLimit is the largest text in bytes that it sends; 0: no limit is known.
	MessageLimit int64
	// New makes an endpoint.
	New func(new New) (Endpoint, Made, error)
	// Clock moves virtual time, for the capability "clock"; then every Ticker ticks. The field Now
	// of New is for New to heed.
	Clock func(seconds int64)
	// Seed is called behind that, for the capability "seed": from now on, random numbers are those of
	// this seed.
	Seed func(seed int64)
	// Reset is called when every endpoint has been dropped; it may be nil.
	Reset func()
	// Extra goes into the answer to "hello": names that begin with x-, for people.
	Extra map[string]string
}

// New is what an endpoint is made of. What was not given is zero, or nil.
type New struct {
	// Report is told what the implementation does and says.
	Report *Reporter
	// Endpoint, Account and Peer are names: of the endpoint, the user, the correspondent.
	Endpoint, Account, Peer string
	// Policy has the words of the policy.
	Policy Policy
	// Tag is the instance tag to use; 0: the implementation's choice.
	Tag uint32
	// Key is the long-term key to use, PUBKEY and the private x as an MPI; nil: one of its own.
	// Generating one is slow: keep it, by account, for the next endpoint.
	Key []byte
	// Fragment is the largest piece of a message on the wire in bytes; 0: no limit.
	Fragment int
	// Mode, SymH, Forging, Trusted and KnownProfile are of version 4.
	Mode                                 string
	SymH, Forging, Trusted, KnownProfile []byte
	// Now is the time from now on in Unix seconds, for every endpoint; nil: as it is.
	Now *int64
}

// Made is what an endpoint says of itself.
type Made struct {
	// Fingerprint is of its long-term key: 56 bytes if that is one of version 4, else 20.
	Fingerprint []byte
	// Tag is its instance tag; 0: it has none.
	Tag uint32
	// Fingerprint3 is of its DSA key where it has one beside a key of version 4.
	Fingerprint3 []byte
}

// Endpoint is one account's side of the conversation with one correspondent.
type Endpoint interface {
	// Receive: one message arrived from the network.
	Receive(wire []byte) error
	// Send: the user typed a message.
	Send(text []byte) error
	// Start: the user asks for a private conversation.
	Start() error
	// End: the user ends the private conversation.
	End() error
}

// The interfaces of what is beyond the minimal profile.
type (
	// Poller works in the background: Poll brings it up to date.
	Poller interface{ Poll() error }

	// Ticker has timers: Tick looks at the clock, which has moved.
	Ticker interface{ Tick() }

	// Chooser has the capability "instances": Choose is called before each request that can name
	// an instance of the peer's, with its tag, or with 0 for the implementation's choice.
	Chooser interface{ Choose(to uint32) error }

	// SMP is the capability of that name. The question is nil where there is none; questions need
	// the capability "smp-question".
	SMP interface {
		SMPStart(secret, question []byte) error
		SMPAnswer(secret []byte) error
		SMPAbort() error
	}

	// ExtraKey is the capability "extra-key".
	ExtraKey interface {
		ExtraKey(use uint32, data []byte) error
	}

	// Heartbeat is the capability of that name: send one now.
	Heartbeat interface{ Heartbeat() error }

	// Stater has the capability "state".
	Stater interface{ State() (State, error) }

	// Starter has the capability "otrv4-dake": by is "query", "identity" or "".
	Starter interface{ StartBy(by string) error }

	// Profiler has the capability "otrv4-known-profile".
	Profiler interface{ Profile() ([]byte, error) }

	// Offliner has the capability "otrv4-offline".
	Offliner interface {
		Ensemble() (clientProfile, prekeyProfile, prekeyMessage []byte, err error)
		Offline(clientProfile, prekeyProfile, prekeyMessage []byte) error
	}
)

// State is the state of the conversation, in the words of the shim protocol; "": it is not known.
type State struct {
	Msg, Auth, SMP, Dake string
}

// Policy is a set of words, such as "v3" and "require-encryption".
type Policy map[string]bool

// Unsupported makes the error for what is beyond the implementation, such as a text with a NUL.
func Unsupported(detail string) error { return fault{"unsupported", detail} }

// fault is an error that is not the implementation's.
type fault struct{ word, detail string }

func (f fault) Error() string { return f.word + ": " + f.detail }

func badRequest(format string, values ...any) error {
	return fault{"bad-request", fmt.Sprintf(format, values...)}
}

func unsupported(format string, values ...any) error {
	return fault{"unsupported", fmt.Sprintf(format, values...)}
}

// Serve answers the suite until it says bye or closes our standard input. What is printed with
// os.Stdout from now on goes to standard error.
func Serve(shim Shim) {
	output := bufio.NewWriter(os.Stdout)
	os.Stdout = os.Stderr
	input := bufio.NewReader(os.Stdin)
	server := newServer(shim)
	for !server.saidBye {
		line, err := readLine(input)
		if err != nil {
			break
		}
		output.Write(server.answer(line))
		if output.Flush() != nil {
			os.Exit(1)
		}
	}
}

// server has the endpoints of a shim, and the answer to each line.
type server struct {
	shim         Shim
	capabilities map[string]bool
	endpoints    map[string]*endpoint
	order        []*endpoint
	saidBye      bool
}

// endpoint is one that was made, and what was reported at it.
type endpoint struct {
	name     string
	is       Endpoint
	reporter *Reporter
}

func newServer(shim Shim) *server {
	server := &server{shim: shim, capabilities: map[string]bool{}}
	for _, word := range strings.Fields(shim.Capabilities) {
		server.capabilities[word] = true
	}
	server.dropAll()
	return server
}

func (s *server) dropAll() {
	s.endpoints, s.order = map[string]*endpoint{}, nil
}

// answer gives the lines of the answer to a line; nil stands for one that is too long.
func (s *server) answer(line []byte) []byte {
	object, err := parseLine(line)
	number := int64(0)
	if id, there := object["id"].(int64); there && id >= 0 {
		number = id
	}
	var events [][]byte
	final := &fields{}
	if err == nil {
		var ask *asked
		if ask, err = s.read(object); err == nil {
			err = s.carryOut(ask, final)
			if ask.kind.eventful {
				events = ask.caused(s)
			}
		}
	}
	var lines []byte
	for _, event := range events {
		line := joinLine(number, event)
		if len(line) > lineLimit+1 {
			err = Unsupported("what was reported does not fit on a line")
			continue
		}
		lines = append(lines, line...)
	}
	if err != nil {
		final = refusal(err)
	} else {
		final.prefix("end", "ok")
	}
	return append(lines, joinLine(number, final.written)...)
}

func refusal(err error) *fields {
	what, ours := err.(fault)
	if !ours {
		what = fault{"refused", err.Error()}
	}
	final := &fields{}
	final.text("end", "error")
	final.text("error", what.word)
	if what.detail != "" {
		final.text("detail", what.detail)
	}
	return final
}

// caused takes what was reported at the endpoint that a request names.
func (a *asked) caused(s *server) [][]byte {
	if endpoint, there := s.endpoints[a.texts["endpoint"]]; there {
		return endpoint.reporter.take()
	}
	return nil
}

// carryOut does what is asked, and writes what the final line says.
func (s *server) carryOut(ask *asked, final *fields) error {
	switch ask.do {
	case "hello":
		return s.hello(ask, final)
	case "new":
		return s.new(ask, final)
	case "clock":
		return s.clock(ask)
	case "reset":
		s.dropAll()
		if s.shim.Reset != nil {
			s.shim.Reset()
		}
		if s.shim.Seed != nil {
			s.shim.Seed(ask.numbers["seed"])
		}
		return nil
	case "bye":
		s.saidBye = true
		return nil
	}
	found, there := s.endpoints[ask.texts["endpoint"]]
	if !there {
		return fault{"no-endpoint", "there is no endpoint of that name"}
	}
	if ask.do == "forget" {
		s.forget(found)
		return nil
	}
	if err := choose(found.is, ask); err != nil {
		return err
	}
	return ask.kind.run(found.is, ask, final)
}

func (s *server) hello(ask *asked, final *fields) error {
	if ask.numbers["protocol"] != protocol {
		return unsupported("this shim speaks version %d of the shim protocol", protocol)
	}
	final.text("name", s.shim.Name)
	final.text("version", s.shim.Version)
	final.text("protocols", s.shim.Protocols)
	final.text("capabilities", s.shim.Capabilities)
	if s.shim.MessageLimit > 0 {
		final.number("message-limit", s.shim.MessageLimit)
	}
	final.number("protocol", protocol)
	for _, name := range sorted(s.shim.Extra) {
		final.text(name, s.shim.Extra[name])
	}
	return nil
}

func (s *server) new(ask *asked, final *fields) error {
	name := ask.texts["endpoint"]
	if _, there := s.endpoints[name]; there {
		return badRequest("there is an endpoint of that name")
	}
	reporter := &Reporter{}
	is, made, err := s.shim.New(New{
		Report:       reporter,
		Endpoint:     name,
		Account:      ask.texts["account"],
		Peer:         ask.texts["peer"],
		Policy:       ask.policy(),
		Tag:          uint32(ask.numbers["tag"]),
		Key:          ask.octets["key"],
		Fragment:     int(ask.numbers["fragment"]),
		Mode:         ask.texts["mode"],
		SymH:         ask.octets["sym-h"],
		Forging:      ask.octets["forging"],
		Trusted:      ask.octets["trusted"],
		KnownProfile: ask.octets["known-profile"],
		Now:          ask.optionalNumber("now"),
	})
	if err != nil {
		return err
	}
	added := &endpoint{name, is, reporter}
	s.endpoints[name] = added
	s.order = append(s.order, added)
	final.octets("fingerprint", made.Fingerprint)
	if made.Tag != 0 {
		final.number("tag", int64(made.Tag))
	}
	if made.Fingerprint3 != nil {
		final.octets("fingerprint3", made.Fingerprint3)
	}
	return nil
}

func (s *server) clock(ask *asked) error {
	if s.shim.Clock == nil {
		return Unsupported("this shim has no clock")
	}
	s.shim.Clock(ask.numbers["seconds"])
	for _, each := range s.order {
		if ticker, can := each.is.(Ticker); can {
			ticker.Tick()
		}
	}
	return nil
}

func (s *server) forget(dropped *endpoint) {
	delete(s.endpoints, dropped.name)
	for i, each := range s.order {
		if each == dropped {
			s.order = append(s.order[:i], s.order[i+1:]...)
			return
		}
	}
}

func choose(is Endpoint, ask *asked) error {
	chooser, can := is.(Chooser)
	to, given := ask.numbers["to"]
	switch {
	case can && ask.kind.has("to"):
		return chooser.Choose(uint32(to))
	case given:
		return cannot("instances")
	}
	return nil
}

func cannot(capability string) error {
	return unsupported("the endpoint has not the methods of the capability %s", capability)
}
