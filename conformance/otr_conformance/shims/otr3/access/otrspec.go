// This file is compiled into the package otr3 beside otr3's own files, none of which is changed.
// It reads states that otr3 keeps to itself, moves its clock, and calls what it has no public
// names for.

package otr3

import "time"

// OtrspecState is what otr3 knows of a conversation.
type OtrspecState struct {
	Msg, Auth, SMP string
	// Asked: the peer began SMP and our user has not answered.
	Asked bool
	// Version is the version of OTR in use; 0: none is yet.
	Version int
	// PeerTag is the instance tag of the peer's that otr3 listens to; 0: of any.
	PeerTag uint32
}

// OtrspecStateOf tells the state in the words of the shim protocol.
func OtrspecStateOf(c *Conversation) OtrspecState {
	state := OtrspecState{Auth: "none", SMP: "expect1", PeerTag: c.theirInstanceTag}
	switch c.msgState {
	case plainText:
		state.Msg = "plaintext"
	case encrypted:
		state.Msg = "encrypted"
	case finished:
		state.Msg = "finished"
	}
	if c.ake != nil {
		switch c.ake.state.(type) {
		case authStateAwaitingDHKey:
			state.Auth = "awaiting-dhkey"
		case authStateAwaitingRevealSig:
			state.Auth = "awaiting-revealsig"
		case authStateAwaitingSig:
			state.Auth = "awaiting-sig"
		}
	}
	switch c.smp.state.(type) {
	case smpStateExpect2:
		state.SMP = "expect2"
	case smpStateExpect3:
		state.SMP = "expect3"
	case smpStateExpect4:
		state.SMP = "expect4"
	case smpStateWaitingForSecret: // otr3's own name for EXPECT1 while the user is asked
		state.Asked = true
	}
	if c.version != nil {
		state.Version = int(c.version.protocolVersion())
	}
	return state
}

// OtrspecOnKey has a function called when the peer uses the extra symmetric key.
func OtrspecOnKey(c *Conversation, told func(use uint32, data, key []byte)) {
	c.receivedKeyHandler = dynamicReceivedKeyHandler{told}
}

// OtrspecStored gives the texts that otr3 keeps to send them again.
func OtrspecStored(c *Conversation) [][]byte {
	var texts [][]byte
	for _, stored := range c.resend.pending() {
		texts = append(texts, makeCopy(stored.m))
	}
	return texts
}

// OtrspecAge moves everything that otr3 remembers the time of further into the past.
func OtrspecAge(c *Conversation, by time.Duration) {
	age := func(at *time.Time) {
		if !at.IsZero() {
			*at = at.Add(-by)
		}
	}
	age(&c.heartbeat.lastSent)
	age(&c.lastMessageStateChange)
	if c.ake != nil {
		age(&c.ake.lastStateChange)
	}
}

// OtrspecHeartbeat makes a heartbeat as otr3 makes its own.
func OtrspecHeartbeat(c *Conversation) ([]ValidMessage, error) {
	toSend, _, err := c.createSerializedDataMessage(nil, messageFlagIgnoreUnreadable, nil)
	if err == nil {
		c.messageEvent(MessageEventLogHeartbeatSent)
	}
	return toSend, err
}

// OtrspecAbortSMP aborts SMP as otr3 does when it begins SMP anew or is cheated.
func OtrspecAbortSMP(c *Conversation) ([]ValidMessage, error) {
	c.restart()
	toSend, _, err := c.createSerializedDataMessage(
		nil, messageFlagIgnoreUnreadable, []tlv{smpMessageAbort{}.tlv()})
	return toSend, err
}
