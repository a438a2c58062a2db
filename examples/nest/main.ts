// Nest (on Express) behind a proxy on this machine: admits 10 requests a minute from an address.
// Run: npm i spillway and what Nest's template has, npx tsc -p . && node dist/main.js
import 'reflect-metadata'
import { Controller, Get, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { loadLimiter } from 'spillway'
import { rateLimit } from 'spillway/express'
import { clientAddress } from 'spillway/http'

@Controller()
class HelloController {
  @Get()
  hello(): string {
    return 'Hello\n'
  }
}

@Module({ controllers: [HelloController] })
class HelloModule {}

async function main(): Promise<void> {
  const limiter = await loadLimiter({ limit: 10, windowMs: 60_000 })
  const app = await NestFactory.create(HelloModule, { logger: false })
  // Nest adds what reads bodies when it starts to listen, so a body that is denied is not read.
  app.use(rateLimit({ limiter, key: (req) => clientAddress(req, { trust: ['loopback'] }) }))
  await app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1')
  console.log(`Listening on ${await app.getUrl()}`)
}

main()
