'use client';

import { evenly, type FormArm } from './plan.ts';

interface ArmRowsProps {
  arms: FormArm[];
  models: { id: string; name: string; indexes: { id: string; title: string; active: boolean }[] }[];
  rankers: { id: string; title: string }[];
  onChange: (arms: FormArm[]) => void;
}

/** The table of arms: what each serves, and how many of the shoppers see it. */
export function ArmRows({ arms, models, rankers, onChange }: ArmRowsProps) {
  const change = (place: number, part: Partial<FormArm>) =>
    onChange(arms.map((arm, i) => (i === place ? { ...arm, ...part } : arm)));
  const split = (list: FormArm[]) => {
    const shares = evenly(list.length);
    return list.map((arm, i) => ({ ...arm, percent: shares[i]! }));
  };
  const add = () => {
    const last = arms.at(-1);
    const fresh = {
      modelId: last?.modelId ?? models[0]?.id ?? '',
      indexId: null,
      alpha: '',
      diversity: '',
      rankerId: '',
    };
    onChange(split([...arms, { ...fresh, name: `arm ${arms.length + 1}`, percent: '', control: false }]));
  };
  const remove = (place: number) => {
    const rest = arms.filter((_, i) => i !== place);
    onChange(
      split(rest.map((arm, i) => ({ ...arm, control: rest.some((other) => other.control) ? arm.control : i === 0 }))),
    );
  };
  const sum = arms.reduce((total, { percent }) => total + Number(percent), 0);
  const label = (arm: FormArm, i: number) => arm.name || `arm ${i + 1}`;
  return (
    <div>
      <div className="overflow-x-auto rounded-lg border border-line">
        <table className="data min-w-[52rem]">
          <thead>
            <tr>
              <th scope="col">Control</th>
              <th scope="col">Arm</th>
              <th scope="col">Model</th>
              <th scope="col">Index</th>
              <th scope="col">Share, %</th>
              <th scope="col">
                <abbr title="Exponent of an item's value in pCTR × value^α: 0 ranks by clicks alone; empty is the ranker's own">
                  α
                </abbr>
              </th>
              <th scope="col">
                <abbr title="Strength of diversification, 0 to 1; empty is the ranker's own">Diversity</abbr>
              </th>
              <th scope="col">Ranker</th>
              <th scope="col">
                <span className="sr-only">Remove</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {arms.map((arm, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: an arm's name is being typed; its place is what it is known by
              <tr key={i}>
                <td>
                  <input
                    type="radio"
                    name="control"
                    aria-label={`${label(arm, i)} is the control`}
                    checked={arm.control}
                    onChange={() => onChange(arms.map((other, j) => ({ ...other, control: i === j })))}
                  />
                </td>
                <td>
                  <input
                    className="input min-w-28"
                    aria-label={`Name of arm ${i + 1}`}
                    value={arm.name}
                    maxLength={200}
                    required
                    onChange={(event) => change(i, { name: event.target.value })}
                  />
                </td>
                <td>
                  <select
                    className="input min-w-40"
                    aria-label={`Model of ${label(arm, i)}`}
                    value={arm.modelId}
                    onChange={(event) => change(i, { modelId: event.target.value, indexId: null })}
                  >
                    {models.map(({ id, name, indexes }) => (
                      <option key={id} value={id}>
                        {name}
                        {indexes.length === 0 ? ' (no index)' : ''}
                      </option>
                    ))}
                  </select>
                </td>
                <td>
                  <select
                    className="input min-w-28"
                    aria-label={`Index of ${label(arm, i)}`}
                    value={arm.indexId ?? ''}
                    onChange={(event) => change(i, { indexId: event.target.value || null })}
                  >
                    <option value="">the active one</option>
                    {models
                      .find(({ id }) => id === arm.modelId)
                      ?.indexes.map(({ id, title }) => (
                        <option key={id} value={id}>
                          {title}
                        </option>
                      ))}
                  </select>
                </td>
                <td>
                  <input
                    className="input w-20"
                    inputMode="decimal"
                    aria-label={`Share of ${label(arm, i)} in percent`}
                    value={arm.percent}
                    required
                    onChange={(event) => change(i, { percent: event.target.value })}
                  />
                </td>
                <td>
                  <input
                    className="input w-16"
                    inputMode="decimal"
                    aria-label={`α of ${label(arm, i)}`}
                    value={arm.alpha}
                    onChange={(event) => change(i, { alpha: event.target.value })}
                  />
                </td>
                <td>
                  <input
                    className="input w-16"
                    inputMode="decimal"
                    aria-label={`Diversity of ${label(arm, i)}`}
                    value={arm.diversity}
                    onChange={(event) => change(i, { diversity: event.target.value })}
                  />
                </td>
                <td>
                  <select
                    className="input min-w-24"
                    aria-label={`Ranker of ${label(arm, i)}`}
                    value={arm.rankerId}
                    onChange={(event) => change(i, { rankerId: event.target.value })}
                  >
                    <option value="">the newest</option>
                    {rankers.map(({ id, title }) => (
                      <option key={id} value={id}>
                        {title}
                      </option>
                    ))}
                  </select>
                </td>
                <td>
                  <button
                    type="button"
                    className="text-sm text-muted hover:text-ink disabled:invisible"
                    disabled={arms.length <= 2}
                    aria-label={`Remove ${label(arm, i)}`}
                    onClick={() => remove(i)}
                  >
                    Remove
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="mt-3 flex flex-wrap items-center gap-3">
        <button type="button" className="button button-quiet" onClick={add}>
          Add an arm
        </button>
        <button type="button" className="button button-quiet" onClick={() => onChange(split(arms))}>
          Split evenly
        </button>
        <p role="status" className={`text-sm ${Math.abs(sum - 100) < 0.2 ? 'text-muted' : 'text-bad'}`}>
          {Number.isFinite(sum) ? `The shares sum to ${Number(sum.toFixed(2))} %.` : 'A share is no number.'}
        </p>
      </div>
    </div>
  );
}
