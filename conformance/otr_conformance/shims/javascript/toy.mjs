/*
 * A stand-in for an implementation: it speaks no OTR and protects nothing.
 *
 * The template of a shim holds it until its author puts a real implementation there. Its messages
 * on the wire begin with `?TOY`.
 */

import { createHash } from 'node:crypto'

/** One side of a conversation; it calls back onWire, onMessage, onSecure and onFinished. */
export class Toy {
  #peer
  #version
  #listener
  #private = false

  constructor(account, peer, version, listener) {
    this.fingerprint = fingerprintOf(account)
    this.#peer = fingerprintOf(peer)
    this.#version = version
    this.#listener = listener
  }

  /** Ask the peer for a private conversation. */
  start() {
    this.#say('start')
  }

  /** Send a text. */
  send(text) {
    if (this.#private) this.#say('text', text)
    else this.#listener.onWire(text)
  }

  /** End the private conversation. */
  end() {
    if (!this.#private) return
    this.#private = false
    this.#say('end')
  }

  /** Handle a message from the network; one that is not the toy's is a text. */
  receive(wire) {
    const [mark, verb, payload = '', ...rest] = wire.toString('latin1').split(' ')
    const said = Buffer.from(payload, 'base64')
    const ours = mark === '?TOY' && rest.length === 0 && said.toString('base64') === payload
    switch (ours && verb) {
      case 'start':
        this.#say('started')
        this.#becomePrivate()
        break
      case 'started':
        this.#becomePrivate()
        break
      case 'text':
        if (this.#private) this.#listener.onMessage(said, true)
        break
      case 'end':
        if (this.#private) this.#listener.onFinished()
        this.#private = false
        break
      default:
        this.#listener.onMessage(wire, false)
    }
  }

  #becomePrivate() {
    this.#private = true
    this.#listener.onSecure(this.#peer, Buffer.from('no proof'), this.#version)
  }

  #say(verb, payload = Buffer.alloc(0)) {
    this.#listener.onWire(Buffer.from(`?TOY ${verb} ${payload.toString('base64')}`))
  }
}

function fingerprintOf(account) {
  return createHash('sha1').update(account).digest()
}
