/**
 * Parsers of option values for commander: each gives the number, or an error that says what is accepted.
 */
import { InvalidArgumentError } from 'commander'

const WHOLE = /^\d+$/
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** Makes a parser of whole numbers in a range. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return parser(WHOLE, 'a whole number', from, to)
}

/** Makes a parser of numbers in a range, fractions allowed. */
export function number(from: number, to: number): (text: string) => number {
  return parser(DECIMAL, 'a number', from, to)
}

function parser(form: RegExp, kind: string, from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (form.test(text) && value >= from && value <= to) return value
    throw new InvalidArgumentError(`It must be ${kind} from ${from} to ${to}.`)
  }
}
