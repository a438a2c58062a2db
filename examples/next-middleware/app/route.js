// What the middleware is before.
export const dynamic = 'force-dynamic'

export function GET() {
  return new Response('Hello\n')
}
