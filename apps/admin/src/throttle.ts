const windowMs = 15 * 60_000;
const perAddress = 10;
/** An address can be made up in a forwarded header, so all of them together are limited too. */
const inTotal = 100;

/** Counts failed log-ins of the last 15 minutes in this process: 10 from one address, 100 from all. */
export class LoginThrottle {
  #failures: { address: string; at: number }[] = [];

  /** Milliseconds until `address` may try again; 0 where it may now. */
  waitMs(address: string, now: number): number {
    this.#failures = this.#failures.filter(({ at }) => at > now - windowMs);
    const own = this.#failures.filter((failure) => failure.address === address);
    const blocking = own.at(-perAddress) ?? this.#failures.at(-inTotal);
    return blocking === undefined ? 0 : blocking.at + windowMs - now;
  }

  failed(address: string, now: number): void {
    this.#failures.push({ address, at: now });
  }

  succeeded(address: string): void {
    this.#failures = this.#failures.filter((failure) => failure.address !== address);
  }
}
