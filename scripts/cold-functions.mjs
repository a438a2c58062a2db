// A transform of the AssemblyScript compiler: keeps what seldom runs out of what always runs. Inlining makes decisions
// faster, but it copies the rest as well, which makes the core larger (`npm run size`) and nothing faster.
import { Transform } from 'assemblyscript/transform'

/** Functions that are not inlined, by the names that Binaryen gives them. */
const COLD = [
  '*/admissibleAt',
  '*/staleAt',
  '*/emptyAt',
  '*/expiryOf',
  '*/timeOf',
  '*/reportOn',
  '*/split',
  '*/mergeBack',
  '*/victimIn',
  '*/bringForward',
  '*/startBins',
  '*/startRing',
  '*/bins/merge',
  '*/moveToRun',
  '*/setSlots',
  '*/reserve',
  '*/roomAt',
  '*/caughtUp*',
  '*/reachedAt',
  '*/isStale',
  '*/isEmpty',
  '*/freePlaces',
  '*/placesTaken',
  '*/freeWithout',
  '*/removeStale',
  '*/firstStaleAt',
  '*/remove',
  '*/admissible',
  '*/makeRoom',
  '*/tokensAt',
  '*/returnBlock',
  '*/borrowBlock',
  '*/copyUser',
  '*/takeSlot',
  '*/clearPage',
  '*/addDepthCount',
  '*/name',
  '*/allocateRun',
  '*/double',
  '*/countUsed',
  '*/vacate',
  '*/put',
  '*/canBorrow',
  '*/canSplit',
  '*/canDouble',
  '*/splitsCheaply',
  '*/occupiedPage',
  '*/wantedFromBurst',
  '*/freeRun',
  '*/removeHandle',
  '*/reverse',
  '*/take',
  '*/allocate',
  '*/free',
  '*/canAllocateRun',
  '*/initQuota',
  '*/initTable',
]

export default class ColdFunctions extends Transform {
  afterCompile(module) {
    for (const name of COLD) {
      this.binaryen.setPassArgument('no-inline', name)
      module.runPasses(['no-inline'])
    }
  }
}
