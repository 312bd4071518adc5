package otrshim

import (
	"encoding/base64"
	"math"
	"sort"
	"strings"
)

const (
	protocol   = 1 // the version of the shim protocol
	tagLeast   = 0x100
	tagMost    = math.MaxUint32
	namesMost  = 64
	nameLetter = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-"
)

// A fieldType says what the value of a field is.
type fieldType int

const (
	name   fieldType = iota // a name that the suite chose
	words                   // words of a list, separated by one space
	octets                  // base64
	number                  // an integer from least to most
)

// A rule is what a request says of one of its fields.
type rule struct {
	name        string
	is          fieldType
	optional    bool
	least, most int64
	capability  string // that the field takes
	words       string // that it may have
}

// A kind is what is known of the requests of one word.
type kind struct {
	rules      []rule
	capability string
	eventful   bool // its answer may have events
	run        func(Endpoint, *asked, *fields) error
}

func (k kind) has(field string) bool {
	for _, rule := range k.rules {
		if rule.name == field {
			return true
		}
	}
	return false
}

// asked is a request whose fields are in order.
type asked struct {
	do      string
	kind    kind
	texts   map[string]string
	octets  map[string][]byte
	numbers map[string]int64
}

func (a *asked) policy() Policy {
	policy := Policy{}
	for _, word := range strings.Fields(a.texts["policy"]) {
		policy[word] = true
	}
	return policy
}

func (a *asked) optionalNumber(field string) *int64 {
	if value, there := a.numbers[field]; there {
		return &value
	}
	return nil
}

const policyWords = "v2 v3 v4 require-encryption send-whitespace-tag whitespace-start-ake " +
	"error-start-ake require-interactive identity-start-dake require-authenticated"

var (
	anEndpoint = rule{name: "endpoint"}
	to         = rule{name: "to", is: number, optional: true, least: tagLeast, most: tagMost,
		capability: "instances"}
	secret = rule{name: "secret", is: octets}
	parts  = []rule{anEndpoint, {name: "client-profile", is: octets},
		{name: "prekey-profile", is: octets}, {name: "prekey-message", is: octets}}
)

func optional(name string, is fieldType, capability string) rule {
	return rule{name: name, is: is, optional: true, capability: capability, most: math.MaxInt64}
}

func limited(name string, least, most int64, capability string) rule {
	return rule{name: name, is: number, optional: true, least: least, most: most,
		capability: capability}
}

// kinds are the requests of the protocol.
var kinds = map[string]kind{
	"hello": {rules: []rule{{name: "protocol", is: number, most: math.MaxInt64}}},
	"new": {rules: []rule{
		anEndpoint,
		{name: "account"},
		{name: "peer"},
		{name: "policy", is: words, words: policyWords},
		limited("tag", tagLeast, tagMost, "tag"),
		optional("key", octets, "preset-key"),
		limited("fragment", 0, lineLimit, "fragment"),
		{name: "mode", is: words, optional: true, capability: "otrv4-mode",
			words: "compatible standalone interactive-only"},
		optional("sym-h", octets, "preset-key"),
		optional("forging", octets, "preset-key"),
		optional("now", number, "clock"),
		optional("trusted", octets, "otrv4-trusted"),
		optional("known-profile", octets, "otrv4-known-profile"),
	}},
	"receive": {eventful: true, run: runReceive,
		rules: []rule{anEndpoint, {name: "wire", is: octets}}},
	"send": {eventful: true, run: runSend, rules: []rule{anEndpoint, {name: "text", is: octets}, to}},
	"start": {eventful: true, run: runStart, rules: []rule{anEndpoint,
		{name: "by", is: words, optional: true, capability: "otrv4-dake", words: "query identity"}}},
	"end": {eventful: true, run: runEnd, rules: []rule{anEndpoint, to}},
	"smp-start": {eventful: true, capability: "smp", run: runSMPStart,
		rules: []rule{anEndpoint, secret, optional("question", octets, "smp-question"), to}},
	"smp-answer": {eventful: true, capability: "smp", run: runSMPAnswer,
		rules: []rule{anEndpoint, secret, to}},
	"smp-abort": {eventful: true, capability: "smp", run: runSMPAbort, rules: []rule{anEndpoint, to}},
	"extra-key": {eventful: true, capability: "extra-key", run: runExtraKey,
		rules: []rule{anEndpoint, {name: "use", is: number, most: math.MaxUint32},
			{name: "data", is: octets}, to}},
	"heartbeat": {eventful: true, capability: "heartbeat", run: runHeartbeat,
		rules: []rule{anEndpoint, to}},
	"clock": {capability: "clock",
		rules: []rule{{name: "seconds", is: number, most: math.MaxInt32}}},
	"poll":     {eventful: true, run: runPoll, rules: []rule{anEndpoint}},
	"profile":  {capability: "otrv4-known-profile", run: runProfile, rules: []rule{anEndpoint}},
	"ensemble": {capability: "otrv4-offline", run: runEnsemble, rules: []rule{anEndpoint}},
	"offline":  {eventful: true, capability: "otrv4-offline", run: runOffline, rules: parts},
	"state":    {capability: "state", run: runState, rules: []rule{anEndpoint, to}},
	"forget":   {rules: []rule{anEndpoint}},
	"reset":    {rules: []rule{limited("seed", 0, math.MaxUint32, "seed")}},
	"bye":      {},
}

// read looks whether a line is a request that the shim can carry out.
func (s *server) read(object map[string]any) (*asked, error) {
	if id, there := object["id"].(int64); !there || id < 0 {
		return nil, badRequest("id: missing or no number from 0")
	}
	do, there := object["do"].(string)
	if !there {
		return nil, badRequest("do: missing or no text")
	}
	kind, known := kinds[do]
	if !known {
		return nil, unsupported("there is no request %.100q", do)
	}
	ask := &asked{do, kind, map[string]string{}, map[string][]byte{}, map[string]int64{}}
	for _, field := range sorted(object) {
		if field != "id" && field != "do" && !strings.HasPrefix(field, "x-") && !kind.has(field) {
			return nil, unsupported("%s has no field %.100q", do, field)
		}
	}
	if !s.can(kind.capability) {
		return nil, unsupported("it takes the capability %s", kind.capability)
	}
	for _, rule := range kind.rules {
		value, given := object[rule.name]
		switch {
		case !given && !rule.optional:
			return nil, badRequest("%s: missing", rule.name)
		case !given:
			continue
		case !s.can(rule.capability):
			return nil, unsupported("%s: it takes the capability %s", rule.name, rule.capability)
		}
		if err := ask.take(rule, value); err != nil {
			return nil, err
		}
	}
	return ask, nil
}

func (s *server) can(capability string) bool {
	return capability == "" || s.capabilities[capability]
}

// take keeps the value of a field, if it is in order.
func (a *asked) take(rule rule, value any) error {
	if rule.is == number {
		given, right := value.(int64)
		if !right {
			return badRequest("%s: wrong type", rule.name)
		}
		if given < rule.least || given > rule.most {
			return unsupported("%s: out of range", rule.name)
		}
		a.numbers[rule.name] = given
		return nil
	}
	given, right := value.(string)
	if !right {
		return badRequest("%s: wrong type", rule.name)
	}
	switch rule.is {
	case octets:
		decoded, err := base64.StdEncoding.Strict().DecodeString(given)
		if err != nil || strings.ContainsAny(given, "\r\n") {
			return badRequest("%s: not base64", rule.name)
		}
		a.octets[rule.name] = decoded
		return nil
	case words:
		if !areWords(given, rule.words) {
			return unsupported("%s: has an unknown word", rule.name)
		}
	case name:
		if len(given) < 1 || len(given) > namesMost || strings.Trim(given, nameLetter) != "" {
			return unsupported("%s: is not 1 to 64 letters, digits and . _ @ -", rule.name)
		}
	}
	a.texts[rule.name] = given
	return nil
}

func areWords(given, known string) bool {
	for _, word := range strings.Fields(given) {
		if !strings.Contains(" "+known+" ", " "+word+" ") {
			return false
		}
	}
	return true
}

func sorted[V any](object map[string]V) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// ---- what each request asks of an endpoint

func runReceive(e Endpoint, a *asked, _ *fields) error { return e.Receive(a.octets["wire"]) }
func runSend(e Endpoint, a *asked, _ *fields) error    { return e.Send(a.octets["text"]) }
func runEnd(e Endpoint, _ *asked, _ *fields) error     { return e.End() }

func runStart(e Endpoint, a *asked, _ *fields) error {
	by, given := a.texts["by"]
	if !given {
		return e.Start()
	}
	if starter, can := e.(Starter); can {
		return starter.StartBy(by)
	}
	return cannot("otrv4-dake")
}

func runSMPStart(e Endpoint, a *asked, _ *fields) error {
	if smp, can := e.(SMP); can {
		return smp.SMPStart(a.octets["secret"], a.octets["question"])
	}
	return cannot("smp")
}

func runSMPAnswer(e Endpoint, a *asked, _ *fields) error {
	if smp, can := e.(SMP); can {
		return smp.SMPAnswer(a.octets["secret"])
	}
	return cannot("smp")
}

func runSMPAbort(e Endpoint, _ *asked, _ *fields) error {
	if smp, can := e.(SMP); can {
		return smp.SMPAbort()
	}
	return cannot("smp")
}

func runExtraKey(e Endpoint, a *asked, _ *fields) error {
	if extra, can := e.(ExtraKey); can {
		return extra.ExtraKey(uint32(a.numbers["use"]), a.octets["data"])
	}
	return cannot("extra-key")
}

func runHeartbeat(e Endpoint, _ *asked, _ *fields) error {
	if heart, can := e.(Heartbeat); can {
		return heart.Heartbeat()
	}
	return cannot("heartbeat")
}

func runPoll(e Endpoint, _ *asked, _ *fields) error {
	if poller, can := e.(Poller); can {
		return poller.Poll()
	}
	return nil
}

func runState(e Endpoint, _ *asked, final *fields) error {
	stater, can := e.(Stater)
	if !can {
		return cannot("state")
	}
	state, err := stater.State()
	if err != nil {
		return err
	}
	final.text("msgstate", state.Msg)
	for _, known := range [][2]string{
		{"authstate", state.Auth}, {"smpstate", state.SMP}, {"dakestate", state.Dake},
	} {
		if known[1] != "" {
			final.text(known[0], known[1])
		}
	}
	return nil
}

func runProfile(e Endpoint, _ *asked, final *fields) error {
	profiler, can := e.(Profiler)
	if !can {
		return cannot("otrv4-known-profile")
	}
	profile, err := profiler.Profile()
	final.octets("profile", profile)
	return err
}

func runEnsemble(e Endpoint, _ *asked, final *fields) error {
	offliner, can := e.(Offliner)
	if !can {
		return cannot("otrv4-offline")
	}
	client, prekey, message, err := offliner.Ensemble()
	final.octets("client-profile", client)
	final.octets("prekey-profile", prekey)
	final.octets("prekey-message", message)
	return err
}

func runOffline(e Endpoint, a *asked, _ *fields) error {
	if offliner, can := e.(Offliner); can {
		return offliner.Offline(
			a.octets["client-profile"], a.octets["prekey-profile"], a.octets["prekey-message"])
	}
	return cannot("otrv4-offline")
}
