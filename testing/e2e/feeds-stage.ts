import type { FeedsWorld } from './feeds-world.ts';
import type { Operator } from './feeds-operator.ts';
import type { Account, Network } from './network.ts';
import { type AskPage, ourSkeleton, throughAppView } from './feeds-reader.ts';

/** What all suites of the feeds play on, one after the other: each leaves it as the next one expects it. */
export class Stage {
  readonly network: Network;
  readonly world: FeedsWorld;
  readonly operator: Operator;

  constructor(parts: { readonly network: Network; readonly world: FeedsWorld; readonly operator: Operator }) {
    this.network = parts.network;
    this.world = parts.world;
    this.operator = parts.operator;
  }

  /** @param name undefined: somebody who is not signed in */
  account(name: string | undefined): Account | undefined {
    return name === undefined ? undefined : this.network.account(name);
  }

  /** Pages of a feed as the AppView gives them; those of an account come by way of its PDS. */
  appView(rkey: string, name: string | undefined): AskPage {
    const agent = this.account(name)?.agent ?? this.network.appViewAgent;
    return throughAppView(agent, this.operator.uriOf(rkey));
  }

  /** Pages of a feed as we tell them. */
  skeleton(rkey: string, name: string | undefined): AskPage {
    return ourSkeleton(this.network.skyflow, this.operator.uriOf(rkey), this.account(name));
  }
}

/** Suites are declared before anything has started. */
export type OnStage = () => Stage;

/** For what takes a moment, not for what must hold at once: rankings are made anew every second, folders looked at every two. */
export const soon = { timeout: 20_000, interval: 250 };
