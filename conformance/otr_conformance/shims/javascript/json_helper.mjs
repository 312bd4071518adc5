/*
 * Write a shim in JavaScript: everything but the implementation, without a dependency. Node 18 or
 * later; `docs/shim-protocol.md` says what each request asks for.
 *
 * Derive a class from `Endpoint`, with a method for each request that it answers, and call `serve`:
 *
 *     class Alice extends Endpoint {
 *       constructor(request) {
 *         super({ fingerprint: ... })
 *       }
 *       receive({ wire }) {
 *         this.tell('wire', { wire: ... })
 *       }
 *     }
 *
 *     serve((request) => new Alice(request), { name: 'my-otr', version: '1.0', protocols: '3' })
 *
 * Names with hyphens are written as JavaScript writes them: the request `smp-start` is the method
 * `smpStart`, the field `peer-tag` is `peerTag`. Binary values are Buffers in both directions, a
 * policy is an array of words, a truth value is a boolean, and a field that was not sent is not
 * there. Integers that a double cannot hold are BigInts.
 *
 * A method may be asynchronous: the answer is written when its promise is fulfilled, and the next
 * request waits for that. `state`, `profile` and `ensemble` return what the final line says, the
 * others nothing. What the implementation reports is told as events, at any time: what was not
 * caused by a request comes with the next answer. `hello`, `new`, `forget`, `reset` and `bye` are
 * answered here.
 *
 * A request without a method is answered by `unsupported`. A method may throw `Refused` (the
 * implementation returned an error) or `Unsupported`; anything else that is thrown is answered by
 * `internal`. Its stack goes to standard error, as does everything that is printed.
 */

export const PROTOCOL = 1
export const LINE_LIMIT = 1048576

const DETAIL_LIMIT = 4000
const INTEGER_LEAST = -(2n ** 63n)
const INTEGER_MOST = 2n ** 63n - 1n
const U32_MOST = 0xffffffff

/* Standard output is ours: what anybody prints goes to standard error from the import on. */
const ownOutput = process.stdout.write.bind(process.stdout)
process.stdout.write = process.stderr.write.bind(process.stderr)
const write = (lines) => new Promise((resolve) => ownOutput(lines, resolve))

/** A request that is not carried out; `word` is what the final line says. */
class NotDone extends Error {
  constructor(word, detail = '') {
    super(detail)
    this.word = word
  }
}

/** The implementation itself returned an error for this call. */
export class Refused extends NotDone {
  constructor(detail = '') {
    super('refused', detail)
  }
}

/** The request, or a value in it, is beyond what the implementation can do. */
export class Unsupported extends NotDone {
  constructor(detail = '') {
    super('unsupported', detail)
  }
}

/** The line is not understood. */
class BadRequest extends NotDone {
  constructor(detail = '') {
    super('bad-request', detail)
  }
}

// ---- fields: how one value stands on a line, and how it is here ----

/** An integer. */
function integer(least = 0, most = INTEGER_MOST) {
  return {
    read(name, scalar) {
      if (typeof scalar === 'string') {
        throw new BadRequest(`${name}: is a string, but has to be an integer`)
      }
      if (scalar < least || scalar > most) {
        throw new Unsupported(`${name}: is ${scalar}, but has to be from ${least} to ${most}`)
      }
      return scalar
    },
    write: (value) => value,
    fits: (value) =>
      (Number.isSafeInteger(value) || typeof value === 'bigint') && value >= least && value <= most,
  }
}

/** A text whose value passes a test. */
function text(passes, convert = (value) => value) {
  return {
    read(name, scalar) {
      if (typeof scalar !== 'string') {
        throw new BadRequest(`${name}: is an integer, but has to be a string`)
      }
      if (!passes(scalar)) {
        throw new Unsupported(`${name}: has the value ${JSON.stringify(scalar.slice(0, 200))}`)
      }
      return convert(scalar)
    },
    write: (value) => value,
    fits: (value) => typeof value === 'string' && passes(value),
  }
}

/** A word of a vocabulary, which is listed with spaces. */
function word(known) {
  const words = known.split(' ')
  return text((value) => words.includes(value))
}

/** A list of words of a vocabulary, separated by one space; here an array. */
function wordList(known) {
  const words = known.split(' ')
  const split = (value) => (value === '' ? [] : value.split(' '))
  return text((value) => split(value).every((each) => words.includes(each)), split)
}

/** Octets, of one of some lengths or of any; here a Buffer. */
function octets(...lengths) {
  const long = (value) => lengths.length === 0 || lengths.includes(value.length)
  return {
    read(name, scalar) {
      if (typeof scalar !== 'string') {
        throw new BadRequest(`${name}: is an integer, but has to be base64`)
      }
      const decoded = Buffer.from(scalar, 'base64')
      // The decoder skips what it does not know: what an encoder writes is unique.
      if (decoded.toString('base64') !== scalar) {
        throw new BadRequest(`${name}: is not base64 with padding`)
      }
      if (!long(decoded)) {
        throw new Unsupported(`${name}: has ${decoded.length} bytes, not ${lengths.join(' or ')}`)
      }
      return decoded
    },
    write: (value) => Buffer.from(value).toString('base64'),
    fits: (value) => value instanceof Uint8Array && long(value),
  }
}

/** A truth value: 0 or 1 on the line. */
const TRUTH = { write: (value) => (value ? 1 : 0), fits: (value) => typeof value === 'boolean' }

const NAME = text((value) => /^[A-Za-z0-9._@-]{1,64}$/.test(value))
const TAG = integer(256, U32_MOST)

/** The fields of requests. */
const ASKED = {
  protocol: integer(PROTOCOL, PROTOCOL),
  endpoint: NAME,
  account: NAME,
  peer: NAME,
  policy: wordList(
    'v2 v3 v4 require-encryption send-whitespace-tag whitespace-start-ake error-start-ake ' +
      'require-interactive identity-start-dake require-authenticated',
  ),
  tag: TAG,
  to: TAG,
  key: octets(),
  fragment: integer(0, LINE_LIMIT),
  mode: word('compatible standalone interactive-only'),
  'sym-h': octets(57),
  forging: octets(57),
  now: integer(),
  trusted: octets(56),
  'known-profile': octets(),
  by: word('query identity'),
  'client-profile': octets(),
  'prekey-profile': octets(),
  'prekey-message': octets(),
  wire: octets(),
  text: octets(),
  secret: octets(),
  question: octets(),
  use: integer(0, U32_MOST),
  data: octets(),
  seconds: integer(0, 0x7fffffff),
  seed: integer(0, U32_MOST),
}

/** The fields of events and of final lines. */
const TOLD = {
  name: text(() => true),
  protocols: wordList('2 3 4'),
  capabilities: wordList(
    'smp smp-question extra-key fragment instances policy preset-key tag clock seed state ' +
      'heartbeat otrv4-dake otrv4-offline otrv4-clock otrv4-mode otrv4-known-profile otrv4-trusted',
  ),
  'message-limit': integer(),
  protocol: ASKED.protocol,
  fingerprint: octets(20, 56),
  fingerprint3: octets(20),
  tag: TAG,
  profile: octets(),
  'client-profile': octets(),
  'prekey-profile': octets(),
  'prekey-message': octets(),
  msgstate: word('plaintext encrypted finished'),
  authstate: word('none awaiting-dhkey awaiting-revealsig awaiting-sig'),
  dakestate: word('idle waiting-auth-r waiting-auth-i'),
  smpstate: word('expect1 expect2 expect3 expect4'),
  wire: octets(),
  text: octets(),
  secure: TRUTH,
  about: word(
    'unencrypted unreadable malformed other-instance not-sent setup rollback queued expired ' +
      'ensemble-refused',
  ),
  ssid: octets(8),
  bold: word('first second'),
  version: integer(2, 4),
  'peer-tag': TAG,
  interactive: TRUTH,
  stage: word('asked progress success failure aborted error'),
  question: octets(),
  key: octets(32, 64),
  use: integer(0, U32_MOST),
  data: octets(),
  side: word('sent received'),
  identifier: integer(0, U32_MOST),
}

// ---- lines: `name` is a field, `name?` an optional one, `name?word` takes a capability ----

const SECURE = 'fingerprint ssid version bold? peer-tag? interactive?'

const EVENTS = {
  wire: 'wire',
  message: 'text secure',
  warning: 'about',
  error: 'text',
  secure: SECURE,
  'still-secure': SECURE,
  finished: '',
  insecure: '',
  resent: 'text',
  smp: 'stage question?',
  'extra-key': 'key use data side',
  heartbeat: 'side',
  'prekey-used': 'identifier',
}

/** The fields of each request and of its final line; what it takes; whether it causes no events. */
const REQUESTS = {
  hello: { fields: 'protocol', quiet: true },
  new: {
    fields:
      'endpoint account peer policy tag?tag key?preset-key fragment?fragment mode?otrv4-mode ' +
      'sym-h?preset-key forging?preset-key now?clock trusted?otrv4-trusted ' +
      'known-profile?otrv4-known-profile',
    final: 'fingerprint tag? fingerprint3?',
    quiet: true,
  },
  receive: { fields: 'endpoint wire' },
  send: { fields: 'endpoint text to?instances' },
  start: { fields: 'endpoint by?otrv4-dake' },
  end: { fields: 'endpoint to?instances' },
  'smp-start': { fields: 'endpoint secret question?smp-question to?instances', takes: 'smp' },
  'smp-answer': { fields: 'endpoint secret to?instances', takes: 'smp' },
  'smp-abort': { fields: 'endpoint to?instances', takes: 'smp' },
  'extra-key': { fields: 'endpoint use data to?instances', takes: 'extra-key' },
  heartbeat: { fields: 'endpoint to?instances', takes: 'heartbeat' },
  clock: { fields: 'seconds', takes: 'clock', quiet: true },
  poll: { fields: 'endpoint' },
  profile: { fields: 'endpoint', final: 'profile', takes: 'otrv4-known-profile', quiet: true },
  ensemble: {
    fields: 'endpoint',
    final: 'client-profile prekey-profile prekey-message',
    takes: 'otrv4-offline',
    quiet: true,
  },
  offline: {
    fields: 'endpoint client-profile prekey-profile prekey-message',
    takes: 'otrv4-offline',
  },
  state: {
    fields: 'endpoint to?instances',
    final: 'msgstate authstate? smpstate? dakestate?',
    takes: 'state',
    quiet: true,
  },
  forget: { fields: 'endpoint', quiet: true },
  reset: { fields: 'seed?seed', quiet: true },
  bye: { fields: '', quiet: true },
}

const parsed = new Map()

/** The fields of a line, taken apart. */
function fieldsOf(listed = '') {
  if (!parsed.has(listed)) {
    const fields = listed.split(' ').filter(Boolean)
    parsed.set(
      listed,
      fields.map((field) => {
        const [name, takes] = field.split('?')
        return { name, optional: takes !== undefined, takes: takes || undefined }
      }),
    )
  }
  return parsed.get(listed)
}

const ownName = (name) => name.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase())
const has = (object, name) => Object.hasOwn(object, name)

// ---- reading ----

/**
 * Read a line as a flat object: a Map of texts and integers.
 *
 * JSON.parse says whether it is JSON at all. It keeps the last of fields that occur twice, and
 * rounds integers; so the line is then read once more, field by field.
 */
function parseObject(line) {
  if (line.length > LINE_LIMIT) {
    throw new BadRequest(`line: is longer than ${LINE_LIMIT} bytes`)
  }
  let source
  let value
  try {
    source = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line)
    value = JSON.parse(source)
  } catch {
    throw new BadRequest('line: is not JSON in UTF-8')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadRequest('line: is not an object')
  }
  return readFields(source)
}

function readFields(source) {
  const flat = new Map()
  let at = source.indexOf('{') + 1
  const skip = (characters) => {
    while (characters.includes(source[at])) at++
  }
  const readString = () => {
    const begin = at++
    while (source[at] !== '"') at += source[at] === '\\' ? 2 : 1
    const value = JSON.parse(source.slice(begin, ++at))
    if (/\p{Surrogate}/u.test(value)) {
      throw new BadRequest('line: has half of a surrogate pair')
    }
    return value
  }
  for (skip(' \t\r\n'); source[at] === '"'; skip(' \t\r\n,')) {
    const name = readString()
    skip(' \t\r\n:')
    if (flat.has(name)) {
      throw new BadRequest(`${name}: occurs twice`)
    }
    if (source[at] === '"') {
      flat.set(name, readString())
      continue
    }
    const begin = at
    while (!' \t\r\n,}'.includes(source[at])) at++
    flat.set(name, readInteger(name, source.slice(begin, at)))
  }
  return flat
}

function readInteger(name, digits) {
  if (!/^-?[0-9]+$/.test(digits)) {
    throw new BadRequest(`${name}: has to be a string or an integer`)
  }
  const value = BigInt(digits.slice(0, 24))
  if (value < INTEGER_LEAST || value > INTEGER_MOST) {
    throw new Unsupported(`${name}: does not fit 64 bits`)
  }
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

/** Read a request: its word, and its fields by their names on the line. */
function readRequest(flat) {
  for (const name of ['id', 'do']) {
    if (!flat.has(name)) {
      throw new BadRequest(`${name}: is missing`)
    }
    if (name === 'id' && typeof flat.get(name) === 'string') {
      throw new BadRequest('id: is a string, but has to be an integer')
    }
    if (name === 'id' && flat.get(name) < 0) {
      throw new Unsupported('id: is negative')
    }
  }
  const asked = flat.get('do')
  if (typeof asked !== 'string' || !has(REQUESTS, asked)) {
    throw new Unsupported(`do: there is no request ${asked}`)
  }
  const fields = new Map()
  for (const { name, optional } of fieldsOf(REQUESTS[asked].fields)) {
    if (flat.has(name)) {
      fields.set(name, ASKED[name].read(name, flat.get(name)))
    } else if (!optional) {
      throw new BadRequest(`${name}: is missing`)
    }
  }
  for (const name of flat.keys()) {
    if (!name.startsWith('x-') && !fields.has(name) && name !== 'id' && name !== 'do') {
      throw new Unsupported(`${name}: is not in the protocol`)
    }
  }
  return { asked, fields }
}

// ---- writing ----

function writeLine(fields) {
  const pairs = Object.entries(fields).map(
    ([name, value]) =>
      `${JSON.stringify(name)}: ${typeof value === 'string' ? JSON.stringify(value) : value}`,
  )
  return `{${pairs.join(', ')}}\n`
}

/**
 * Check fields that are to be written, and convert them. Fields of your own begin with `x-` on the
 * line: give them under such names.
 */
function written(what, listed, given) {
  const line = {}
  const left = new Map(Object.entries(given).filter(([, value]) => value !== undefined))
  for (const { name, optional } of fieldsOf(listed)) {
    const value = left.get(ownName(name))
    left.delete(ownName(name))
    if (value === undefined && optional) continue
    if (value === undefined || !TOLD[name].fits(value)) {
      throw new TypeError(`${what}: ${ownName(name)} cannot be ${String(value).slice(0, 200)}`)
    }
    line[name] = TOLD[name].write(value)
  }
  for (const [name, value] of left) {
    if (!name.startsWith('x-')) {
      throw new TypeError(`${what} has no field ${name}`)
    }
    line[name] = value
  }
  return line
}

function writeNotDone(number, error, detail) {
  const line = { re: number, end: 'error', error }
  if (detail) {
    // A text of JavaScript may have half of a surrogate pair.
    line.detail = Buffer.from(detail.slice(0, DETAIL_LIMIT)).toString()
  }
  return writeLine(line)
}

// ---- endpoints ----

/** Base of a shim's endpoints. */
export class Endpoint {
  #told = []

  /**
   * @param {object} made
   * @param {Buffer} made.fingerprint of its long-term key, 20 bytes; of version 4, 56 bytes
   * @param {number} [made.tag] its instance tag, where it has one
   * @param {Buffer} [made.fingerprint3] of its long-term key of version 3, where it has two
   */
  constructor({ fingerprint, tag, fingerprint3 }) {
    Object.assign(this, { fingerprint, tag, fingerprint3 })
  }

  /**
   * Report an event.
   *
   * @param {string} event its word
   * @param {object} [fields] its fields
   * @throws {TypeError} if there is no such event, or a field has a value that it cannot have
   */
  tell(event, fields = {}) {
    if (!has(EVENTS, event)) {
      throw new TypeError(`there is no event ${event}`)
    }
    const line = { event, ...written(event, EVENTS[event], fields) }
    if (Buffer.byteLength(writeLine({ re: INTEGER_MOST, ...line })) > LINE_LIMIT + 1) {
      throw new TypeError(`${event}: does not fit a line`)
    }
    this.#told.push(line)
  }

  /** Bring what works in the background up to date; nothing does, by default. */
  poll() {}

  /** Look at the clock, which has moved: fire timers. There are none, by default. */
  tick() {}

  /** Take what was told so far. */
  take() {
    return this.#told.splice(0)
  }
}

// ---- answers ----

/** The endpoints of a shim, and the answer to each line; no input or output. */
export class Server {
  #make
  #hello
  #capabilities
  #clock
  #reset
  #endpoints = new Map()

  /** Whether `bye` was answered. */
  saidBye = false

  /** The arguments are those of `serve`. */
  constructor(make, about) {
    const { name, version, protocols, capabilities = '', messageLimit = 0, clock, reset } = about
    this.#make = make
    this.#clock = clock
    this.#reset = reset
    this.#capabilities = new Set(capabilities.split(' '))
    const listed = 'name protocols capabilities message-limit'
    this.#hello = {
      version: String(version),
      ...written('hello', listed, { name, protocols, capabilities, messageLimit }),
      protocol: PROTOCOL,
    }
  }

  /**
   * Answer a line.
   *
   * @param {Buffer} line a request without its newline, or anything else
   * @returns {Promise<string>} the lines of the answer
   */
  async answer(line) {
    let number = 0
    let request
    try {
      const flat = parseObject(line)
      const given = flat.get('id')
      number = typeof given !== 'string' && given >= 0 ? given : 0
      request = readRequest(flat)
    } catch (error) {
      if (!(error instanceof NotDone)) throw error
      return writeNotDone(number, error.word, error.message)
    }
    let final
    try {
      final = writeLine({ re: number, end: 'ok', ...(await this.#carryOut(request)) })
    } catch (error) {
      if (error instanceof NotDone) {
        final = writeNotDone(number, error.word, error.message)
      } else {
        console.error(error)
        final = writeNotDone(number, 'internal', `${error}`)
      }
    }
    const caused = this.#caused(request).map((told) => writeLine({ re: number, ...told }))
    return caused.join('') + final
  }

  #caused({ asked, fields }) {
    const endpoint = this.#endpoints.get(fields.get('endpoint'))
    return endpoint === undefined || REQUESTS[asked].quiet ? [] : endpoint.take()
  }

  async #carryOut({ asked, fields }) {
    const { fields: listed, takes } = REQUESTS[asked]
    const given = fieldsOf(listed).filter((field) => fields.has(field.name))
    for (const capability of [takes, ...given.map((field) => field.takes)]) {
      if (capability !== undefined && !this.#capabilities.has(capability)) {
        throw new Unsupported(`it takes the capability ${capability}`)
      }
    }
    const request = Object.fromEntries([...fields].map(([name, value]) => [ownName(name), value]))
    switch (asked) {
      case 'hello':
        return this.#hello
      case 'new':
        return this.#new(request)
      case 'clock':
        return this.#moveClock(request)
      case 'reset':
        this.#endpoints.clear()
        await this.#reset?.(request)
        return {}
      case 'bye':
        this.saidBye = true
        return {}
      default:
        return this.#onEndpoint(asked, request)
    }
  }

  async #new(request) {
    if (this.#endpoints.has(request.endpoint)) {
      throw new BadRequest('there is an endpoint of that name')
    }
    const endpoint = await this.#make(request)
    const { fingerprint, tag, fingerprint3 } = endpoint
    const final = written('new', REQUESTS.new.final, { fingerprint, tag, fingerprint3 })
    this.#endpoints.set(request.endpoint, endpoint)
    return final
  }

  async #moveClock(request) {
    if (this.#clock === undefined) {
      throw new Unsupported()
    }
    await this.#clock(request)
    for (const endpoint of this.#endpoints.values()) {
      await endpoint.tick()
    }
    return {}
  }

  async #onEndpoint(asked, { endpoint: name, ...request }) {
    const endpoint = this.#endpoints.get(name)
    if (endpoint === undefined) {
      throw new NotDone('no-endpoint', `there is no endpoint ${name}`)
    }
    if (asked === 'forget') {
      this.#endpoints.delete(name)
      return {}
    }
    if (typeof endpoint[ownName(asked)] !== 'function') {
      throw new Unsupported()
    }
    const result = await endpoint[ownName(asked)](request)
    const { final } = REQUESTS[asked]
    return final === undefined ? {} : written(asked, final, result ?? {})
  }
}

/**
 * Answer the suite until it says `bye` or closes our standard input; then the process exits.
 *
 * @param {function} make makes an endpoint of the fields of `new`; may be asynchronous
 * @param {object} about
 * @param {string} about.name the implementation's name, for people
 * @param {string} about.version the implementation's version, for people
 * @param {string} about.protocols the versions of OTR that it speaks, separated by one space: "2 3"
 * @param {string} [about.capabilities] what the shim can do, separated by one space
 * @param {number} [about.messageLimit] the largest text that `send` takes, in bytes; 0: none known
 * @param {function} [about.clock] called with `{ seconds }` to move virtual time, for the
 *   capability `clock`; then every endpoint's `tick` is. `now` of `new` is for the endpoint to heed
 * @param {function} [about.reset] called when every endpoint has been dropped; for the capability
 *   `seed` with `{ seed }`, which is undefined for 0
 * @throws {TypeError} if `protocols` or `capabilities` has an unknown word
 */
export async function serve(make, about) {
  const server = new Server(make, about)
  for await (const line of lines(process.stdin)) {
    await write(await server.answer(line))
    if (server.saidBye) break
  }
  process.exit(0)
}

/** The lines of a stream without their newlines; of one that is too long, enough to see that. */
export async function* lines(stream) {
  let parts = []
  let length = 0
  for await (const chunk of stream) {
    let begin = 0
    for (let end; (end = chunk.indexOf(10, begin)) >= 0; begin = end + 1) {
      yield Buffer.concat([...parts, chunk.subarray(begin, end)])
      parts = []
      length = 0
    }
    if (length <= LINE_LIMIT) parts.push(chunk.subarray(begin))
    length += chunk.length - begin
  }
  if (length > 0) yield Buffer.concat(parts)
}
