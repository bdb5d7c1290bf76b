import { Meter } from '#components/states/meter.tsx';
import type { PipelineRun } from '#data/pipeline/pipeline.ts';
import type { Step, StepState } from '#data/pipeline/run-steps.ts';
import { formatDuration, formatPercent } from '#format.ts';

const marks: Record<StepState, { sign: string; word: string; tone: string }> = {
  done: { sign: '✓', word: 'done', tone: 'border-good text-good' },
  busy: { sign: '…', word: 'under way', tone: 'border-busy text-busy motion-safe:animate-pulse' },
  waiting: { sign: '', word: 'not yet', tone: 'border-strong text-faint' },
  failed: { sign: '!', word: 'failed', tone: 'border-bad text-bad' },
  held: { sign: '‖', word: 'held', tone: 'border-busy text-busy' },
};

/**
 * A refresh, left to right: data in → snapshot → train → gate → serve, with what each step found and how long it took.
 */
export function RunPicture({ run }: { run: PipelineRun }) {
  return (
    <div className="px-5 pb-4">
      <ol className="grid gap-x-4 gap-y-3 lg:grid-cols-[1fr_1fr_1.6fr_1.2fr_1fr]">
        {run.steps.map((step, i) => (
          <StepOfRun key={step.title} step={step} isLast={i === run.steps.length - 1}>
            {step.title === 'Train' && run.training !== undefined && <Progress {...run.training} />}
          </StepOfRun>
        ))}
      </ol>
      {run.error !== null && (
        <p role="alert" className="mt-3 text-sm [overflow-wrap:anywhere] text-bad">
          {run.error}
        </p>
      )}
      <Checks checks={run.checks} />
    </div>
  );
}

function StepOfRun({ step, isLast, children }: { step: Step; isLast: boolean; children: React.ReactNode }) {
  const { sign, word, tone } = marks[step.state];
  return (
    <li className="relative flex gap-3 lg:block">
      {!isLast && (
        <span
          aria-hidden="true"
          className="absolute top-7 -bottom-3 left-3 w-px bg-strong lg:top-3 lg:right-[-0.75rem] lg:bottom-auto lg:left-8 lg:h-px lg:w-auto"
        />
      )}
      <span
        aria-hidden="true"
        className={`relative grid size-6 shrink-0 place-items-center rounded-full border-2 bg-surface text-xs font-bold ${tone}`}
      >
        {sign}
      </span>
      <div className="min-w-0 lg:mt-2">
        <p className="font-medium">
          {step.title} <span className="sr-only">: {word}</span>
          {step.tookMs !== undefined && (
            <span className="text-sm font-normal text-muted">{formatDuration(step.tookMs)}</span>
          )}
        </p>
        {step.lines.map((line) => (
          <p key={line} className="text-sm [overflow-wrap:anywhere] text-muted">
            {line}
          </p>
        ))}
        {children}
      </div>
    </li>
  );
}

const Progress = ({ step, steps }: { step: number; steps: number }) => (
  <p className="flex items-center gap-2 text-sm">
    <Meter share={step / steps} color="var(--busy)" /> {formatPercent(step / steps, 0)}
  </p>
);

/** What the gate said: each check in its own sentence. They are open where one did not pass. */
function Checks({ checks }: Pick<PipelineRun, 'checks'>) {
  if (checks.length === 0) return null;
  const failed = checks.filter(({ passed }) => !passed).length;
  return (
    <details className="mt-3 rounded-lg border border-line" open={failed > 0}>
      <summary className="px-4 py-2.5 text-sm font-medium">
        What the gate said{' '}
        <span className={`font-normal ${failed > 0 ? 'text-bad' : 'text-muted'}`}>
          {failed > 0 ? `${failed} of ${checks.length} checks did not pass` : `all ${checks.length} checks passed`}
        </span>
      </summary>
      <ul className="divide-y divide-line border-t border-line">
        {checks.map(({ name, passed, sentence }) => (
          <li key={name} className="flex gap-3 px-4 py-2 text-sm">
            <span className={`font-bold ${passed ? 'text-good' : 'text-bad'}`}>
              <span aria-hidden="true">{passed ? '✓' : '✗'}</span>
              <span className="sr-only">{passed ? 'passed' : 'did not pass'}</span>
            </span>
            <span className="min-w-0">
              {sentence} <span className="font-mono text-xs text-faint">{name}</span>
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
