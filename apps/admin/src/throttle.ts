import { networkOf } from '@duet/base';

const windowMs = 15 * 60_000;
const mostFailures = 10;
/** Senders that are remembered; the one that failed first is forgotten. */
const mostSenders = 100_000;

/**
 * Counts the failed log-ins of the last 15 minutes in this process: ten from one sender. A browser that has logged in
 * before is a sender of its own, and everybody else is their network: so nobody's failures keep another one out, and
 * there is no limit of all together, which would.
 */
export class LoginThrottle {
  #failures = new Map<string, number[]>();

  /** @param browser the id of a browser that has logged in before */
  static sender(address: string, browser: string | undefined): string {
    return browser === undefined ? `network ${networkOf(address)}` : `browser ${browser}`;
  }

  /** Milliseconds until `sender` may try again; 0 where it may now. */
  waitMs(sender: string, now: number): number {
    const recent = (this.#failures.get(sender) ?? []).filter((at) => at > now - windowMs);
    if (recent.length === 0) this.#failures.delete(sender);
    else this.#failures.set(sender, recent);
    const blocking = recent.at(-mostFailures);
    return blocking === undefined ? 0 : blocking + windowMs - now;
  }

  failed(sender: string, now: number): void {
    this.#failures.set(sender, [...(this.#failures.get(sender) ?? []), now].slice(-mostFailures));
    if (this.#failures.size > mostSenders) this.#failures.delete(this.#failures.keys().next().value!);
  }

  succeeded(sender: string): void {
    this.#failures.delete(sender);
  }
}

// Next evaluates a module once per bundle; whoever fails in one is counted in all.
const place = globalThis as { duetThrottle?: LoginThrottle };
place.duetThrottle ??= new LoginThrottle();

/** Of this process: log-ins, codes, links and invitations. */
export const throttle: LoginThrottle = place.duetThrottle;
