import { normal, nthRng, type Rng } from '@duet/random';
import { usualLogPrice } from '../world/item-choices.ts';
import { customer, type World } from '../world/world.ts';
import { gammaOfMeanOne, place } from './shopper-draws.ts';

/** Somebody who comes to the shop in the simulated week. */
export interface Shopper {
  /** A real customer's id, whom the arms know, or one that nobody has seen. */
  userId: string;
  isNew: boolean;
  /** Unseen purchases that tell what they like, and those of them that would be new to them: catalogue rows. */
  basis: Int32Array;
  wanted: Int32Array;
  /** Visits, over the mean shopper's. */
  rate: number;
  device: string;
  /** How easily they click, on the logit. */
  clickEase: number;
  /** Mean ln quantity of a line. */
  usualQuantity: number;
  /** Mean ln price of what they buy, in minor units. */
  usualLogPrice: number;
}

/** New shoppers where every customer of the data is known to the arms. */
const assumedNewShare = 0.1;

/** How many come at most, by the number of real returning customers, in the mix of the data's held-out part. */
export function mostShoppers({ returning, newcomers }: World): number {
  return Math.round(returning.length / (1 - newShare({ returning, newcomers })));
}

/** Share of those who bought in the held-out part that had never bought before. */
const newShare = ({ returning, newcomers }: Pick<World, 'returning' | 'newcomers'>): number =>
  newcomers.length === 0 ? assumedNewShare : newcomers.length / (returning.length + newcomers.length);

/**
 * Draws the week's shoppers: returning ones are real customers, each at most once, with their own tastes, rate and
 * usual quantity; new ones have an id that nobody has seen, and the tastes of a real newcomer.
 *
 * @param count at most {@link mostShoppers}
 */
export function drawShoppers(world: World, count: number, seed: number): Shopper[] {
  const rng = nthRng(seed, 2);
  const { heldOut, habits, returning, newcomers } = world;
  const strangers = Math.round(count * newShare(world));
  const known = shuffled(rng, returning).slice(0, count - strangers);
  const donors = newcomers.length > 0 ? newcomers : returning;
  const { mean, betweenUsers } = habits.quantity;
  const shopper = (userId: string, user: number, isNew: boolean): Shopper => ({
    userId,
    isNew,
    ...customer(heldOut, user),
    rate: isNew ? gammaOfMeanOne(rng, habits.visits.shape) : habits.rate[user]!,
    device:
      habits.devices[
        place(
          rng,
          habits.devices.map(({ share }) => share),
        )
      ]!.name,
    clickEase: world.choices.clickSpread * normal(rng),
    usualQuantity: isNew ? mean + betweenUsers * normal(rng) : habits.usualQuantity[user]!,
    usualLogPrice: usualLogPrice([...heldOut.learnt[user]!, ...heldOut.unseen[user]!], heldOut.catalogue.priceMinor),
  });
  return [
    ...known.map((user) => shopper(heldOut.interactions.users[user]!, user, false)),
    ...Array.from({ length: strangers }, (_, n) =>
      shopper(`simulated-${seed}-${n}`, donors[Math.floor(rng() * donors.length)]!, true),
    ),
  ];
}

/** A copy in random order (R. Durstenfeld 1964, Algorithm 235). */
function shuffled<T>(rng: Rng, list: readonly T[]): T[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(rng() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
