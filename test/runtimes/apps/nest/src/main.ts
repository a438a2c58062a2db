// A Nest app that admits 3 requests a minute on each of its routes.
import 'reflect-metadata'
import type { CanActivate } from '@nestjs/common'
import { Controller, Get, HttpException, Inject, Injectable, Module, UseGuards } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { Limiter } from 'spillway'
import { createLimiter, loadLimiter } from 'spillway'

const QUOTA = { limit: 3, windowMs: 60_000 }

function refuse(): never {
  throw new HttpException('Too many requests', 429)
}

/** A constructor cannot wait, so it makes its limiter at once. */
@Injectable()
class LimitGuard implements CanActivate {
  readonly #limiter = createLimiter(QUOTA)

  canActivate(): boolean {
    return this.#limiter.isAllowed('everybody') || refuse()
  }
}

@Controller()
class AppController {
  @Inject('LIMITER')
  readonly limiter!: Limiter

  @Get('guarded')
  @UseGuards(LimitGuard)
  guarded(): string {
    return 'Hello'
  }

  @Get('provided')
  provided(): string {
    return this.limiter.isAllowed('everybody') ? 'Hello' : refuse()
  }
}

@Module({
  controllers: [AppController],
  providers: [{ provide: 'LIMITER', useFactory: () => loadLimiter(QUOTA) }],
})
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: false })
  await app.listen(0, '127.0.0.1')
  console.log(await app.getUrl())
}

main()
