/*
 * The shim of otr.js: the shim protocol (docs/shim-protocol.md) on standard input and output, and
 * behind it what an instant messaging client built on otr.js does.
 *
 *     node shim.mjs DIRECTORY [SEED [own-powers]]
 *
 * DIRECTORY is where npm has put otr.js, SEED what its random numbers are made of. Powers modulo the
 * D-H prime are OpenSSL's, unless otr.js's own are asked for, which are slow.
 *
 * What otr.js leaves to its application is done here as its readme says, and where that is silent,
 * in the plainest way; README.md lists it.
 */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

import { Endpoint, Refused, Unsupported, serve } from '../javascript/json_helper.mjs'
import { powersModulo } from './powers.mjs'

/*
 * otr.js sends from timers, and uses them for nothing else. Those are run here, each in its turn,
 * as soon as otr.js has returned: an answer is complete, and nobody waits.
 */
const timers = []
globalThis.setTimeout = (callback) => {
  timers.push(callback)
}

/*
 * Random numbers are made of the seed, of who draws them, and of how many calls of otr.js came
 * before, so that a case goes the same way every time. `draw` is for the call that is being made.
 */
const USUAL_SEED = '77'
const own = process.argv[3] ?? USUAL_SEED
let seed = own
let draw

function drawing(...from) {
  const begin = [seed, ...from].join(' ')
  let block = Buffer.alloc(0)
  let blocks = 0
  return (length) => {
    while (block.length < length) {
      const next = crypto.createHash('sha512').update(`${begin} ${blocks++}`).digest()
      block = Buffer.concat([block, next])
    }
    const drawn = block.subarray(0, length)
    block = block.subarray(length)
    return drawn
  }
}

const directory = resolve(process.argv[2] ?? 'node_modules/otr')
const require = createRequire(import.meta.url)
const crypto = require('node:crypto')
crypto.randomBytes = (length) => draw(length)
const { OTR, DSA } = require(directory)
const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
const { CONST } = OTR

if (process.argv[4] !== 'own-powers') {
  const arithmetic = require(join(directory, 'vendor', 'bigint.js'))
  arithmetic.powMod = powersModulo(arithmetic, CONST.N)
}

/* The largest text to send: the message that comes of it still fits a line in base64 of base64. */
const MESSAGE_LIMIT = 393216

/* otr.js counts what is in a fragment, not its header and its last comma: so many bytes at most. */
const FRAGMENT_HEADER = '?OTR|ffffffff|ffffffff,65535,65535,,'.length

const MSGSTATES = ['plaintext', 'encrypted', 'finished']
const AUTHSTATES = ['none', 'awaiting-dhkey', 'awaiting-revealsig', 'awaiting-sig']
/* The first is otr.js's own: it has been asked, and its user has not answered. */
const SMPSTATES = ['expect1', 'expect1', 'expect2', 'expect3', 'expect4']
const ANSWER_DUE = CONST.SMPSTATE_EXPECT0

/* The extra symmetric key: otr.js knows it as what encrypts a file, and tells no other use apart. */
const TLV_EXTRA_KEY = 8
const USE_FILE = 1

/* What otr.js tells its user as an error or as a warning, in the words of the shim protocol. */
const WARNINGS = new Map([
  ['Received an unencrypted message.', 'unencrypted'],
  ['Received a message intended for a different session.', 'other-instance'],
  ['Message cannot be sent at this time.', 'not-sent'],
  ['OTR conversation requested, but no compatible protocol version found.', 'setup'],
  ['Received an unreadable encrypted message.', 'unreadable'],
  ['Not of our latest keys.', 'unreadable'],
  ['Not of your latest keys.', 'unreadable'],
  ['Do not have that key.', 'unreadable'],
  ['Counter in message is not larger.', 'unreadable'],
])

const fromLatin1 = (text) => Buffer.from(text, 'latin1')

/** Octets as the text that they encode; otr.js takes and gives texts of JavaScript. */
function textOf(name, octets) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
  } catch {
    throw new Unsupported(`${name}: otr.js takes text, and this is not UTF-8`)
  }
}

/** The same for what otr.js would read as the end of a text. */
function wholeTextOf(name, octets) {
  if (octets.includes(0)) {
    throw new Unsupported(`${name}: otr.js takes what follows a NUL for TLVs`)
  }
  return textOf(name, octets)
}

// ---- keys ----

/** Keys that were generated for accounts, kept for their next endpoint. */
const keptKeys = new Map()
const KEPT_KEYS_LIMIT = 64

function keyFor(account, preset) {
  if (preset !== undefined) {
    return presetKey(preset)
  }
  if (!keptKeys.has(account)) {
    if (keptKeys.size >= KEPT_KEYS_LIMIT) keptKeys.clear()
    draw = drawing('key', account)
    keptKeys.set(account, new DSA())
  }
  return keptKeys.get(account)
}

/** otr.js reads the format of the shim protocol itself, but does not look whether it is complete. */
function presetKey(octets) {
  let at = 2
  for (let number = 0; number < 5; number++) {
    const begin = at + 4
    at = begin > octets.length ? Infinity : begin + octets.readUInt32BE(at)
  }
  if (at !== octets.length || octets.readUInt16BE(0) !== 0) {
    throw new Unsupported('key: is not a DSA key')
  }
  return DSA.parsePrivate(octets.toString('base64'))
}

// ---- endpoints ----

/** One account's side of the conversation with one correspondent. */
class Shim extends Endpoint {
  #otr
  #authority // what otr.js is about to call an error, in its own words
  #complaint // what it told the user who asked for something
  #incoming = '' // the message that is being received
  #fault // an exception of ours, which otr.js is not to be blamed for
  #who
  #calls = 0

  constructor({ account, peer, policy, tag, key, fragment = 0 }) {
    if (fragment > 0 && fragment <= FRAGMENT_HEADER) {
      throw new Unsupported(`fragment: otr.js needs more than ${FRAGMENT_HEADER} bytes`)
    }
    const priv = keyFor(account, key)
    const who = `${account} ${peer}`
    draw = drawing(who, 'new')
    const otr = new OTR({
      priv,
      fragment_size: fragment && fragment - FRAGMENT_HEADER,
      instance_tag: tag === undefined ? undefined : tagOctets(tag).toString('latin1'),
    })
    super({
      fingerprint: Buffer.from(priv.fingerprint(), 'hex'),
      tag: fromLatin1(otr.our_instance_tag).readUInt32BE(),
    })
    this.#otr = otr
    this.#who = who
    otr.ALLOW_V2 = policy.includes('v2')
    otr.ALLOW_V3 = policy.includes('v3')
    otr.REQUIRE_ENCRYPTION = policy.includes('require-encryption')
    otr.SEND_WHITESPACE_TAG = policy.includes('send-whitespace-tag')
    otr.WHITESPACE_START_AKE = policy.includes('whitespace-start-ake')
    otr.ERROR_START_AKE = policy.includes('error-start-ake')

    const { error } = otr
    otr.error = (reason) => {
      this.#authority = reason
      error.call(otr, reason)
      this.#authority = undefined
    }
    this.#on('io', this.#onWire)
    this.#on('ui', this.#onMessage)
    this.#on('status', this.#onStatus)
    this.#on('error', this.#onError)
    this.#on('smp', this.#onSmp)
    this.#on('file', this.#onFile)
  }

  // ---- what is asked ----

  receive({ wire }) {
    this.#incoming = textOf('wire', wire)
    this.#call(() => this.#otr.receiveMsg(this.#incoming))
    this.#incoming = ''
  }

  send({ text }) {
    const typed = wholeTextOf('text', text)
    const meta = { typed, asked: true }
    this.#call(() => this.#otr.sendMsg(typed, meta))
    meta.asked = false
  }

  /* A client whose policy allows no version offers no such button. */
  start() {
    const { ALLOW_V2, ALLOW_V3 } = this.#otr
    if (ALLOW_V2 || ALLOW_V3) this.#call(() => this.#otr.sendQueryMsg())
  }

  end() {
    const { msgstate } = this.#otr
    this.#call(() => this.#otr.endOtr())
    if (msgstate !== CONST.MSGSTATE_PLAINTEXT) this.tell('insecure')
  }

  smpStart({ secret, question }) {
    const asked = question && wholeTextOf('question', question)
    const typed = textOf('secret', secret)
    this.#command(() => this.#otr.smpSecret(typed, asked))
  }

  /* Where nobody has asked, otr.js would take the answer for a question of its own. */
  smpAnswer({ secret }) {
    const typed = textOf('secret', secret)
    if (this.#otr.sm?.smpstate === ANSWER_DUE) {
      this.#command(() => this.#otr.smpSecret(typed))
    }
  }

  /* otr.js makes what speaks SMP when it is first needed. */
  smpAbort() {
    const otr = this.#otr
    if (otr.msgstate !== CONST.MSGSTATE_ENCRYPTED) return
    this.#command(() => {
      if (!otr.sm) otr._smInit()
      otr.sm.abort()
    })
  }

  /* otr.js has a call for files only. Another use is asked for as it asks for that one. */
  extraKey({ use, data }) {
    const otr = this.#otr
    const name = textOf('data', data)
    if (name === '') {
      throw new Unsupported('data: otr.js needs the name of a file')
    }
    this.#command(() => {
      if (use === USE_FILE || otr.ake.otr_version !== CONST.OTR_VERSION_3) {
        otr.sendFile(name)
        return
      }
      const header = Buffer.alloc(9)
      header.writeUInt16BE(TLV_EXTRA_KEY, 1)
      header.writeUInt16BE(4 + data.length, 3)
      header.writeUInt32BE(use, 5)
      this.use = use
      const message = otr.prepareMsg(Buffer.concat([header, data]).toString('latin1'), name)
      this.use = undefined
      if (message) otr.io(message)
    })
  }

  state() {
    const { msgstate, authstate, sm } = this.#otr
    return {
      msgstate: MSGSTATES[msgstate],
      authstate: AUTHSTATES[authstate],
      smpstate: SMPSTATES[sm?.smpstate ?? CONST.SMPSTATE_EXPECT1],
    }
  }

  // ---- calling otr.js ----

  /** Call otr.js, then run what it has left to timers; what it throws is an error of its own. */
  #call(work) {
    let thrown
    draw = drawing(this.#who, this.#calls++)
    for (let next = work; next !== undefined; next = timers.shift()) {
      try {
        next()
      } catch (error) {
        thrown ??= error
      }
    }
    if (this.#fault !== undefined) {
      const fault = this.#fault
      this.#fault = undefined
      throw fault
    }
    if (thrown !== undefined) {
      console.error(thrown)
      throw new Refused(`otr.js threw ${thrown}`)
    }
  }

  /** The same for what otr.js refuses with an error that it tells its user. */
  #command(work) {
    this.#complaint = undefined
    this.#call(work)
    if (this.#complaint !== undefined) {
      throw new Refused(this.#complaint)
    }
  }

  #on(event, handler) {
    this.#otr.on(event, (...values) => {
      try {
        handler.apply(this, values)
      } catch (error) {
        this.#fault ??= error
      }
    })
  }

  // ---- what is reported ----

  /* otr.js hands on whatever came of an attempt to encrypt, also nothing. */
  #onWire(wire, meta) {
    if (typeof wire !== 'string' || wire === '') return
    this.tell('wire', { wire: Buffer.from(wire) })
    if (meta && !meta.asked) {
      this.tell('resent', { text: Buffer.from(meta.typed) })
      meta.asked = true
    }
  }

  #onMessage(text, encrypted) {
    this.tell('message', { text: Buffer.from(text), secure: encrypted })
  }

  #onStatus(status) {
    const otr = this.#otr
    if (status === CONST.STATUS_AKE_SUCCESS) {
      this.#onSecure()
    } else if (status === CONST.STATUS_END_OTR && otr.msgstate === CONST.MSGSTATE_FINISHED) {
      this.tell('finished')
    }
  }

  #onSecure() {
    const otr = this.#otr
    const tag = fromLatin1(otr.their_instance_tag).readUInt32BE()
    const three = otr.ake.otr_version === CONST.OTR_VERSION_3
    this.tell('secure', {
      fingerprint: Buffer.from(otr.their_priv_pk.fingerprint(), 'hex'),
      ssid: fromLatin1(otr.ssid),
      version: three ? 3 : 2,
      bold: otr.transmittedRS ? 'first' : 'second',
      peerTag: three && tag >= 0x100 ? tag : undefined,
    })
  }

  /* The peer's Error Message and an error of its own look alike, but for the message that came. */
  #onError(reason, severity) {
    const words = this.#authority ?? reason
    const said = this.#incoming.indexOf('?OTR Error:')
    if (this.#authority === undefined && severity === 'error' && this.#incoming !== '') {
      if (said >= 0) this.tell('error', { text: Buffer.from(reason) })
      return
    }
    if (severity === 'error') this.#complaint = words
    const about = WARNINGS.get(words) ?? (this.#incoming === '' ? 'not-sent' : this.#failed(words))
    this.tell('warning', { about, 'x-otrjs': words })
  }

  /** A check has failed: of a Data Message, or of the AKE. */
  #failed(words) {
    const encoded = this.#incoming.slice(this.#incoming.indexOf('?OTR:') + 5)
    const data = Buffer.from(encoded.slice(0, 4), 'base64')[2] === 3
    return data && words === 'MACs do not match.' ? 'unreadable' : 'setup'
  }

  #onSmp(what, value) {
    switch (what) {
      case 'question':
        this.tell('smp', {
          stage: 'asked',
          question: value === undefined ? undefined : Buffer.from(value),
        })
        break
      case 'trust':
        this.tell('smp', { stage: value ? 'success' : 'failure' })
        break
      case 'abort':
        this.tell('smp', { stage: 'aborted' })
        break
    }
  }

  #onFile(way, key, name) {
    this.tell('extra-key', {
      key: fromLatin1(key),
      use: this.use ?? USE_FILE,
      data: Buffer.from(name),
      side: way === 'send' ? 'sent' : 'received',
    })
  }
}

function tagOctets(tag) {
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(tag)
  return octets
}

serve((request) => new Shim(request), {
  name: 'otr.js',
  version,
  protocols: '2 3',
  capabilities: 'smp smp-question extra-key fragment policy preset-key tag clock seed state',
  messageLimit: MESSAGE_LIMIT,
  // otr.js never looks at the time.
  clock: () => {},
  reset: (request) => {
    timers.splice(0)
    seed = request.seed ? `${own}.${request.seed}` : own
  },
})
