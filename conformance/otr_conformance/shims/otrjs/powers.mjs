/*
 * Powers modulo a prime, by OpenSSL: otr.js's own take fifty times as long, and SMP is full of them.
 */

import { createDiffieHellman } from 'node:crypto'

/**
 * A function for the place of otr.js's `BigInt.powMod`.
 *
 * @param {object} BigInt otr.js's arithmetic, as it is
 * @param {string} prime in hexadecimal digits
 * @returns {function} it gives what `BigInt.powMod` gives, and asks that for any other modulus, and
 *   for what OpenSSL refuses, such as a power that is 1
 */
export function powersModulo(BigInt, prime) {
  const own = BigInt.powMod
  const modulus = BigInt.str2bigInt(prime, 16)
  const group = createDiffieHellman(Buffer.from(prime, 'hex'), Buffer.from([2]))
  const octets = (number) => Buffer.from(BigInt.bigInt2bits(number), 'latin1')

  return (base, exponent, modulo) => {
    if (!BigInt.equals(modulo, modulus)) {
      return own(base, exponent, modulo)
    }
    let power
    try {
      group.setPrivateKey(octets(exponent))
      power = group.computeSecret(octets(base)).toString('hex')
    } catch {
      return own(base, exponent, modulo)
    }
    return BigInt.trim(BigInt.str2bigInt(power, 16), 1)
  }
}
