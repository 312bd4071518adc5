/*
 * A minimal shim in JavaScript: copy it, and put your implementation where the toy is.
 *
 * It answers the minimal profile. `docs/shim-protocol.md` says what each request asks for, and
 * `otrspec shim check node my_shim.mjs` says what is missing or wrong. What your implementation can
 * do beyond this is a capability: name it at the end, and add the method of its request. A method
 * may be asynchronous: have it end when the implementation has nothing left to do.
 */

import { Endpoint, serve } from './json_helper.mjs'
import { Toy } from './toy.mjs' // replace: import your implementation

/** One account's side of the conversation with one correspondent. */
class Shim extends Endpoint {
  constructor({ account, peer, policy }) {
    // Replace. Allow the versions in policy and no other. Generating a long-term key is slow: keep
    // it, by account, for the next endpoint.
    const version = policy.includes('v3') ? 3 : 2
    const listener = {}
    const otr = new Toy(account, peer, version, listener)
    super({ fingerprint: otr.fingerprint }) // and tag, if it has instance tags
    this.otr = otr

    // What is reported. Have these called, in the order in which things happen. Octets are Buffers.

    // Your implementation sends a message to the network.
    listener.onWire = (wire) => this.tell('wire', { wire })

    // Your implementation shows a text; `secure`: it was protected.
    listener.onMessage = (text, secure) => this.tell('message', { text, secure })

    // Your implementation has begun a private conversation with the owner of a key.
    listener.onSecure = (fingerprint, ssid, version) =>
      this.tell('secure', { fingerprint, ssid, version })

    // Your implementation says that the peer ended the private conversation.
    listener.onFinished = () => this.tell('finished')
  }

  // What is asked. Replace: call the implementation, which calls back above.

  /** One message arrived from the network. */
  receive({ wire }) {
    this.otr.receive(wire)
  }

  /** The user typed a message. */
  send({ text }) {
    this.otr.send(text)
  }

  /** The user asks for a private conversation: send a query message. */
  start() {
    this.otr.start()
  }

  /** The user ends the private conversation. */
  end() {
    this.otr.end()
  }
}

// The versions of OTR that it speaks, and what else it can do, such as capabilities: 'smp state'.
serve((request) => new Shim(request), { name: 'my-otr', version: '0.1', protocols: '2 3' })
