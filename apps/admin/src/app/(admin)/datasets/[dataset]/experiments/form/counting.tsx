'use client';

import { AreaField, SelectField, TextField } from '#components/forms/form-fields.tsx';
import type { FormPlan } from './plan.ts';

/** Which clicks and orders count for the experiment; folded, as the defaults are what most want. */
export function Counting() {
  return (
    <details className="rounded-xl border border-line bg-surface">
      <summary className="px-5 py-4 font-semibold">What counts</summary>
      <div className="grid gap-5 px-5 pb-5 sm:grid-cols-2 xl:grid-cols-3">
        <TextField<FormPlan>
          name="clickWindowHours"
          label="Clicks count within, hours"
          hint="After the item was shown."
          inputMode="decimal"
        />
        <TextField<FormPlan>
          name="orderWindowDays"
          label="Orders count within, days"
          hint="After the last exposure."
          inputMode="decimal"
        />
        <SelectField<FormPlan> name="orderAttribution" label="Exposure of" hint="What an order has to follow.">
          <option value="user">any item to the shopper</option>
          <option value="item">the ordered item</option>
        </SelectField>
        <TextField<FormPlan>
          name="lateHours"
          label="Events may be late, hours"
          hint="Later ones are left out, and counted."
          inputMode="decimal"
        />
        <TextField<FormPlan>
          name="gmvCapQuantile"
          label="GMV is capped at quantile"
          hint="Of this shop’s history, fixed at the start. Empty: no cap."
          inputMode="decimal"
        />
        <TextField<FormPlan>
          name="minimumUsers"
          label="Least shoppers an arm"
          hint="Below it nothing is concluded."
          inputMode="numeric"
        />
        <TextField<FormPlan>
          name="exploration"
          label="Exploration, %"
          hint="Answers whose order chance had a part in, for off-policy estimates."
          inputMode="decimal"
        />
        <div className="sm:col-span-2">
          <AreaField<FormPlan>
            name="excludedUsers"
            label="Shoppers who do not count"
            hint="Test accounts and known bots, one a line."
            rows={3}
            className="font-mono text-sm"
          />
        </div>
      </div>
    </details>
  );
}
