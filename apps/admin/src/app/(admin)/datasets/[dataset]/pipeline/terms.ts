import { type GateSettings, gateSettings } from '@duet/pipeline/control';
import { z } from 'zod';
import { scheduleChoice } from '#schedule.ts';
import type { GateField, Terms } from './terms-fields.tsx';

interface Property {
  enum?: string[];
  description?: string;
  default?: unknown;
}

/** The gate's fields from the pipeline's own schema: a limit added there appears here. */
function gateFields(gate: GateSettings): GateField[] {
  const properties = z.toJSONSchema(gateSettings, { io: 'input' }).properties as Record<string, Property>;
  return Object.entries(properties).map(([key, { enum: choices = [], description = '', default: usual }]) => ({
    ...{ key, meaning: description, choices, usual: String(usual), value: String(gate[key as keyof GateSettings]) },
  }));
}

interface Stored {
  schedule: string | null;
  timeZone: string;
  promotion: string;
  gate: GateSettings;
}

/** A registered model's terms as their form shows them. */
export const termsOf = ({ schedule, timeZone, promotion, gate }: Stored): Terms => ({
  ...{ schedule: scheduleChoice(schedule), timeZone, promotion, gate: gateFields(gate) },
});
