/**
 * Parts of a week that shoppers differ in: night, morning, afternoon and evening of working days and of the weekend.
 */
export const dayparts = 8;

/** The part of the week of a moment, 0 to 7, in UTC. @param time Unix seconds */
export function daypartOf(time: number): number {
  const date = new Date(time * 1000);
  const weekend = date.getUTCDay() % 6 === 0 ? 1 : 0;
  return weekend * 4 + Math.floor(date.getUTCHours() / 6);
}
