/*
 * Powers modulo a prime, by OpenSSL: otr.js's own take fifty times as long, and SMP is made of them.
 */

import { createDiffieHellman } from 'node:crypto'

/* OpenSSL wants exponents that could be private keys. */
const BITS_LEAST = 160

/**
 * A function for the place of otr.js's `BigInt.powMod`.
 *
 * @param {object} BigInt otr.js's arithmetic, as it is
 * @param {string} prime in hexadecimal digits
 * @returns {function} it gives what `BigInt.powMod` gives, and asks that for any other modulus, and
 *   for what OpenSSL would refuse
 */
export function powersModulo(BigInt, prime) {
  const own = BigInt.powMod
  const modulus = BigInt.str2bigInt(prime, 16)
  const largest = BigInt.sub(modulus, BigInt.str2bigInt('2', 10))
  const two = BigInt.str2bigInt('2', 10)
  const group = createDiffieHellman(Buffer.from(prime, 'hex'), Buffer.from([2]))
  const octets = (number) => Buffer.from(BigInt.bigInt2bits(number), 'latin1')

  return (base, exponent, modulo) => {
    if (
      !BigInt.equals(modulo, modulus) ||
      BigInt.bitSize(exponent) < BITS_LEAST ||
      BigInt.greater(two, base) ||
      BigInt.greater(base, largest)
    ) {
      return own(base, exponent, modulo)
    }
    group.setPrivateKey(octets(exponent))
    const power = group.computeSecret(octets(base)).toString('hex')
    return BigInt.trim(BigInt.str2bigInt(power, 16), 1)
  }
}
