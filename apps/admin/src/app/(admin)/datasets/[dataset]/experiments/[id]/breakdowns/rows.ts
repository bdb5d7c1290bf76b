import type { Report } from '@duet/experiments';

type Breakdown = Report['breakdowns'][number];
type ArmOfPart = Breakdown['rows'][number]['arms'][number];

/** One arm against control in one part of the shoppers or the catalogue. */
export interface BreakdownRow {
  part: string;
  arm: { id: string; name: string };
  /** Shoppers of the arm and of control. */
  users: number;
  value: number | null | undefined;
  controlValue: number | null | undefined;
  lift: NonNullable<ArmOfPart['lift']>[string] | undefined;
  /** Rows of the part from here on in the first of them, 0 in the others. */
  span: number;
}

/** One metric in every part and arm, parts in the report's order. */
export function breakdownRows({ rows }: Breakdown, { arms }: Pick<Report, 'arms'>, metric: string): BreakdownRow[] {
  const control = arms.find((arm) => arm.control);
  const treatments = arms.filter((arm) => !arm.control && arm.weight > 0);
  return rows.flatMap(({ value: part, arms: ofPart }) => {
    const find = (id: string | undefined) => ofPart.find(({ armId }) => armId === id);
    const base = find(control?.id);
    return treatments.map(({ id, name }, place) => {
      const treatment = find(id);
      return {
        ...{ part, arm: { id, name } },
        users: (base?.users ?? 0) + (treatment?.users ?? 0),
        value: treatment?.metrics[metric]?.value,
        controlValue: base?.metrics[metric]?.value,
        lift: treatment?.lift?.[metric],
        span: place === 0 ? treatments.length : 0,
      };
    });
  });
}
