// The shim of otr3: it speaks the shim protocol (docs/shim-protocol.md) on standard input and
// output, and does what an instant messaging client built on otr3 does. Each endpoint is a
// Conversation of its own.
//
// What otr3 reports through its handlers becomes an event at once, in otr3's order; what its calls
// return to be sent follows. Fields whose names begin with x- are for people.
package main

import (
	"crypto/dsa"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"math/big"
	"runtime"
	"sync"
	"syscall"
	"time"

	"example.org/shim/otrshim"
	"github.com/twstrike/otr3"
)

// version is that of otr3, which has no constant for it: set by the linker.
var version = "unknown"

const (
	// The largest text to send: the message that comes of it still fits a line in base64 of base64.
	messageLimit = 393216
	// The fragment headers of version 3 take 35 bytes and a comma.
	fragmentLeast = 37
	// otr3 keeps the size in 16 bits.
	fragmentMost = 65535
	// The length of a TLV's value is a 16-bit number, which otr3 does not check for its caller.
	extraKeyDataMost = 65535 - 4
	questionMost     = 60000
)

// endpoint is one account's side of the conversation with one correspondent.
type endpoint struct {
	otr    *otr3.Conversation
	report *otrshim.Reporter
	paused time.Time
	drawn  *drawn

	// What the handlers leave for the end of the current request.
	receiving   bool
	unencrypted bool     // the text that is being received was not protected
	stored      [][]byte // the texts that may be sent again now
	ended       bool     // the conversation ended
}

// ---- the clock

// awake is called as a request to an endpoint begins, and what it returns as the request ends.
//
// otr3 asks the machine for the time, and compares it with times that it has noted. Between two
// requests these are moved so that no time seems to pass but what the request "clock" says.
func (e *endpoint) awake() func() {
	otr3.OtrspecAge(e.otr, -time.Since(e.paused))
	e.paused = time.Now()
	e.drawn.begin()
	return func() { e.paused = time.Now() }
}

var endpoints []*endpoint

func clock(seconds int64) {
	for _, e := range endpoints {
		otr3.OtrspecAge(e.otr, time.Duration(seconds)*time.Second)
	}
}

// ---- random numbers

// seed is what the suite has given last, and requests is how many there were since then.
var (
	seed     int64
	requests int
)

// drawn are random numbers that are made of the seed, of whom they are drawn for, and of how many
// requests came before, so that a conversation goes the same way each time.
type drawn struct {
	who, from string
	blocks    int
	left      []byte
}

// begin is called as a request begins.
func (d *drawn) begin() {
	d.from = fmt.Sprint(seed, " ", d.who, " ", requests)
	d.blocks, d.left = 0, nil
	requests++
}

// Read gives random octets. What is read octet by octet is not random: before it signs, crypto/dsa
// tosses a coin whether it reads one that it does not need.
func (d *drawn) Read(into []byte) (int, error) {
	if len(into) == 1 {
		into[0] = 0
		return 1, nil
	}
	for len(d.left) < len(into) {
		block := sha256.Sum256([]byte(fmt.Sprint(d.from, " ", d.blocks)))
		d.left = append(d.left, block[:]...)
		d.blocks++
	}
	d.left = d.left[copy(into, d.left):]
	return len(into), nil
}

// ---- keys

var (
	parameters     dsa.Parameters
	makeParameters sync.Once
	kept           = map[string]*otr3.DSAPrivateKey{}
)

// keyOf gives the key of an account that brought none: made once, and the same after a reset. All
// accounts share p, q and g, which take seconds to make.
func keyOf(account string) (*otr3.DSAPrivateKey, error) {
	if key, there := kept[account]; there {
		return key, nil
	}
	key := &otr3.DSAPrivateKey{}
	var err error
	makeParameters.Do(func() {
		if err = key.Generate(rand.Reader); err == nil {
			parameters = key.PrivateKey.Parameters
		}
	})
	if err == nil {
		key.PrivateKey.Parameters = parameters
		err = dsa.GenerateKey(&key.PrivateKey, rand.Reader)
	}
	if err != nil {
		return nil, err
	}
	key.DSAPublicKey.PublicKey = key.PrivateKey.PublicKey
	kept[account] = key
	return key, nil
}

// readKey reads PUBKEY and the private x as an MPI.
func readKey(octets []byte) (*otr3.DSAPrivateKey, error) {
	rest, parsed, key := otr3.ParsePrivateKey(octets)
	private, dsaKey := key.(*otr3.DSAPrivateKey)
	if !parsed || !dsaKey || len(rest) > 0 {
		return nil, otrshim.Unsupported("the key is not a DSA key")
	}
	numbers := &private.PrivateKey
	for _, number := range []*big.Int{numbers.P, numbers.Q, numbers.G, numbers.Y, numbers.X} {
		if number.Sign() == 0 {
			return nil, otrshim.Unsupported("a number of the key does not fit")
		}
	}
	if new(big.Int).Exp(numbers.G, numbers.X, numbers.P).Cmp(numbers.Y) != 0 {
		return nil, otrshim.Unsupported("the key's private part does not belong to its public part")
	}
	return private, nil
}

// ---- making an endpoint

func newEndpoint(new otrshim.New) (otrshim.Endpoint, otrshim.Made, error) {
	if new.Fragment != 0 && (new.Fragment < fragmentLeast || new.Fragment > fragmentMost) {
		detail := fmt.Sprintf("otr3 makes fragments of %d to %d bytes", fragmentLeast, fragmentMost)
		return nil, otrshim.Made{}, otrshim.Unsupported(detail)
	}
	allow := map[string]func(*otr3.Conversation){
		"v2":                   func(c *otr3.Conversation) { c.Policies.AllowV2() },
		"v3":                   func(c *otr3.Conversation) { c.Policies.AllowV3() },
		"require-encryption":   func(c *otr3.Conversation) { c.Policies.RequireEncryption() },
		"send-whitespace-tag":  func(c *otr3.Conversation) { c.Policies.SendWhitespaceTag() },
		"whitespace-start-ake": func(c *otr3.Conversation) { c.Policies.WhitespaceStartAKE() },
		"error-start-ake":      func(c *otr3.Conversation) { c.Policies.ErrorStartAKE() },
	}
	numbers := &drawn{who: fmt.Sprintf("%s %s %08x", new.Account, new.Peer, new.Tag)}
	numbers.begin()
	conversation := &otr3.Conversation{Rand: numbers}
	e := &endpoint{otr: conversation, report: new.Report, paused: time.Now(), drawn: numbers}
	for word := range new.Policy {
		obey, known := allow[word]
		if !known {
			return nil, otrshim.Made{}, otrshim.Unsupported("otr3 knows no policy " + word)
		}
		obey(e.otr)
	}
	find := readKey
	octets := new.Key
	if octets == nil {
		find = func([]byte) (*otr3.DSAPrivateKey, error) { return keyOf(new.Account) }
	}
	key, err := find(octets)
	if err != nil {
		return nil, otrshim.Made{}, err
	}
	e.otr.SetOurKeys([]otr3.PrivateKey{key})
	e.otr.SetFragmentSize(uint16(new.Fragment))
	tag := e.otr.InitializeInstanceTag(new.Tag)
	e.otr.SetErrorMessageHandler(e)
	e.otr.SetMessageEventHandler(e)
	e.otr.SetSecurityEventHandler(e)
	e.otr.SetSMPEventHandler(e)
	otr3.OtrspecOnKey(e.otr, func(use uint32, data, key []byte) {
		e.report.ExtraKey(key, use, data, otrshim.Received)
	})
	endpoints = append(endpoints, e)
	return e, otrshim.Made{Fingerprint: key.PublicKey().Fingerprint(), Tag: tag}, nil
}

// ---- what otr3 reports

// HandleErrorMessage gives the text of an Error Message to the peer.
func (e *endpoint) HandleErrorMessage(code otr3.ErrorCode) []byte {
	switch code {
	case otr3.ErrorCodeEncryptionError:
		return []byte("A message to you could not be encrypted.")
	case otr3.ErrorCodeMessageNotInPrivate:
		return []byte("You sent an encrypted message outside a private conversation.")
	case otr3.ErrorCodeMessageUnreadable:
		return []byte("You sent an encrypted message that cannot be read.")
	case otr3.ErrorCodeMessageMalformed:
		return []byte("You sent a malformed message.")
	}
	return []byte("An error occurred.")
}

// HandleMessageEvent reports what the user is told of messages.
func (e *endpoint) HandleMessageEvent(
	event otr3.MessageEvent, message []byte, err error, trace ...interface{},
) {
	switch event {
	case otr3.MessageEventEncryptionRequired, otr3.MessageEventEncryptionError,
		otr3.MessageEventConnectionEnded:
		e.report.Warning("not-sent", event.String())
	case otr3.MessageEventSetupError:
		e.report.Warning("setup", err.Error())
	case otr3.MessageEventMessageReflected:
		e.report.Warning("setup", event.String())
	case otr3.MessageEventMessageSent, otr3.MessageEventMessageResent:
		var text []byte
		if len(e.stored) > 0 {
			text, e.stored = e.stored[0], e.stored[1:]
		}
		e.report.Resent(text)
	case otr3.MessageEventReceivedMessageNotInPrivate,
		otr3.MessageEventReceivedMessageUnreadable:
		e.report.Warning("unreadable", event.String())
	case otr3.MessageEventReceivedMessageMalformed,
		otr3.MessageEventReceivedMessageUnrecognized:
		e.report.Warning("malformed", event.String())
	case otr3.MessageEventReceivedMessageForOtherInstance:
		e.report.Warning("other-instance", event.String())
	case otr3.MessageEventLogHeartbeatReceived:
		e.report.Heartbeat(otrshim.Received)
	case otr3.MessageEventLogHeartbeatSent:
		e.report.Heartbeat(otrshim.Sent)
	case otr3.MessageEventReceivedMessageGeneralError:
		e.report.Error(message)
	case otr3.MessageEventReceivedMessageUnencrypted:
		e.unencrypted = true // the text itself comes when Receive returns
	}
}

// HandleSecurityEvent reports that the conversation became, or ceased to be, private.
func (e *endpoint) HandleSecurityEvent(event otr3.SecurityEvent) {
	switch event {
	case otr3.GoneSecure:
		e.report.Secure(e.private())
	case otr3.StillSecure:
		e.report.StillSecure(e.private())
	case otr3.GoneInsecure:
		e.ended = true // whose doing it was is known when the call returns
	}
}

func (e *endpoint) private() otrshim.Private {
	ssid := e.otr.GetSSID()
	bold := "first"
	if _, index := e.otr.SecureSessionID(); index == 1 {
		bold = "second"
	}
	state := otr3.OtrspecStateOf(e.otr)
	private := otrshim.Private{
		Fingerprint: e.otr.GetTheirKey().Fingerprint(),
		SSID:        ssid[:],
		Version:     state.Version,
		Bold:        bold,
	}
	if state.Version == 3 {
		private.PeerTag = state.PeerTag
	}
	return private
}

// HandleSMPEvent reports what the user is told of SMP. otr3 itself aborts SMP where that is due.
func (e *endpoint) HandleSMPEvent(event otr3.SMPEvent, _ int, question string) {
	switch event {
	case otr3.SMPEventAskForSecret:
		e.report.SMP("asked", nil)
	case otr3.SMPEventAskForAnswer:
		e.report.SMP("asked", []byte(question))
	case otr3.SMPEventInProgress:
		e.report.SMP("progress", nil)
	case otr3.SMPEventSuccess:
		e.report.SMP("success", nil)
	case otr3.SMPEventFailure:
		e.report.SMP("failure", nil)
	case otr3.SMPEventAbort:
		e.report.SMP("aborted", nil)
	case otr3.SMPEventError, otr3.SMPEventCheated:
		e.report.SMP("error", nil)
	}
}

// ---- what is asked

func (e *endpoint) transmit(toSend []otr3.ValidMessage) {
	for _, message := range toSend {
		e.report.Wire(message)
	}
}

// Receive hands a message from the network to otr3. That otr3 calls it faulty is no refusal: what
// the user is told of it was reported by the handlers.
func (e *endpoint) Receive(wire []byte) error {
	defer e.awake()()
	private := e.otr.IsEncrypted()
	e.unencrypted, e.ended = false, false
	e.stored = otr3.OtrspecStored(e.otr)
	plain, toSend, _ := e.otr.Receive(wire)
	e.transmit(toSend)
	if plain != nil {
		e.report.Message(plain, private && !e.unencrypted)
	}
	if e.unencrypted {
		e.report.Warning("unencrypted", otr3.MessageEventReceivedMessageUnencrypted.String())
	}
	if e.ended {
		e.report.Finished()
	}
	return nil
}

// Send has otr3 send a text.
func (e *endpoint) Send(text []byte) error {
	defer e.awake()()
	if len(text) > messageLimit {
		return otrshim.Unsupported("the text is too long for a line of the shim protocol")
	}
	toSend, err := e.otr.Send(text)
	e.transmit(toSend)
	return err
}

// Start sends a Query Message.
func (e *endpoint) Start() error {
	defer e.awake()()
	query := e.otr.QueryMessage()
	if string(query) != "?OTRv?" { // the policy allows no version: there is nothing to ask for
		e.report.Wire(query)
	}
	return nil
}

// End ends the private conversation.
func (e *endpoint) End() error {
	defer e.awake()()
	before := otr3.OtrspecStateOf(e.otr).Msg
	toSend, err := e.otr.End()
	e.transmit(toSend)
	if before != "plaintext" {
		e.report.Insecure()
	}
	return err
}

// SMPStart begins SMP.
func (e *endpoint) SMPStart(secret, question []byte) error {
	defer e.awake()()
	if len(question) > questionMost {
		return otrshim.Unsupported("the question is too long for a TLV")
	}
	toSend, err := e.otr.StartAuthenticate(string(question), secret)
	e.transmit(toSend)
	return err
}

// SMPAnswer answers the peer's SMP message 1. A client offers this only while its user is asked,
// and otr3 looks into a state that is not there if nothing of SMP ever happened.
func (e *endpoint) SMPAnswer(secret []byte) error {
	defer e.awake()()
	if !otr3.OtrspecStateOf(e.otr).Asked {
		return nil
	}
	toSend, err := e.otr.ProvideAuthenticationSecret(secret)
	e.transmit(toSend)
	return err
}

// SMPAbort aborts SMP, for which otr3 has no public name.
func (e *endpoint) SMPAbort() error {
	defer e.awake()()
	if !e.otr.IsEncrypted() {
		return nil
	}
	toSend, err := otr3.OtrspecAbortSMP(e.otr)
	e.transmit(toSend)
	return err
}

// ExtraKey tells the peer that the extra symmetric key will be used.
func (e *endpoint) ExtraKey(use uint32, data []byte) error {
	defer e.awake()()
	if len(data) > extraKeyDataMost {
		return otrshim.Unsupported("the data is too long for a TLV")
	}
	key, toSend, err := e.otr.UseExtraSymmetricKey(use, data)
	if err != nil {
		return err
	}
	e.transmit(toSend)
	e.report.ExtraKey(key, use, data, otrshim.Sent)
	return nil
}

// Heartbeat sends a heartbeat, for which otr3 has no public name.
func (e *endpoint) Heartbeat() error {
	defer e.awake()()
	if !e.otr.IsEncrypted() {
		return nil
	}
	toSend, err := otr3.OtrspecHeartbeat(e.otr)
	e.transmit(toSend)
	return err
}

// State tells the state of the conversation.
func (e *endpoint) State() (otrshim.State, error) {
	state := otr3.OtrspecStateOf(e.otr)
	return otrshim.State{Msg: state.Msg, Auth: state.Auth, SMP: state.SMP}, nil
}

// memoryMost is more than any conversation needs. What otr3 asks for beyond it ends the process at
// once, where it would otherwise take the memory of the machine.
const memoryMost = 4 << 30

func main() {
	limit := syscall.Rlimit{Cur: memoryMost, Max: memoryMost}
	_ = syscall.Setrlimit(syscall.RLIMIT_AS, &limit) // without it a case takes longer, no more
	otrshim.Serve(otrshim.Shim{
		Name:      "otr3",
		Version:   version,
		Protocols: "2 3",
		Capabilities: "smp smp-question extra-key fragment policy preset-key tag clock seed state " +
			"heartbeat",
		MessageLimit: messageLimit,
		New:          newEndpoint,
		Clock:        clock,
		Seed:         func(given int64) { seed = given },
		Reset:        func() { endpoints, requests = nil, 0 },
		Extra:        map[string]string{"x-go": runtime.Version()},
	})
}
