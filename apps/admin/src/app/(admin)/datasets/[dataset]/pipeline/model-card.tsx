import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Section } from '#components/layout/section.tsx';
import { Time } from '#components/layout/time.tsx';
import { Kind } from '#components/models/kind.tsx';
import { Allowed } from '#components/people/allowed.tsx';
import { Badge } from '#components/states/badge.tsx';
import type { RegisteredModelView } from '#data/pipeline/pipeline.ts';
import { scheduleInWords } from '#schedule.ts';
import { GoBack, Promote, RunNow } from './model-buttons.tsx';
import { RunPicture } from './run-picture.tsx';

/** Where a registered model answers, in a word. */
export function DeploymentBadge({ model }: { model: RegisteredModelView }) {
  const places = model.deployments.map(({ placement }) => placement || 'everywhere');
  return places.length > 0 ? (
    <Badge tone="good">serves {places.join(', ')}</Badge>
  ) : (
    <Badge tone="quiet">not deployed</Badge>
  );
}

/** What can be done with a registered model now. */
export function ModelButtons({ model }: { model: RegisteredModelView }) {
  const { id, name, versions, championVersion: champion, earlier, isUnderWay, runs } = model;
  const newest = versions[0];
  const held = runs.find(({ version }) => version === newest?.version)?.checks.filter(({ passed }) => !passed) ?? [];
  return (
    <Allowed to="analyse">
      <div className="flex flex-wrap items-center gap-2">
        {newest?.isIndexed && newest.version !== champion && !isUnderWay && (
          <Promote
            {...{ modelId: id, name, champion, version: newest.version }}
            held={held.map(({ sentence }) => sentence)}
          />
        )}
        {earlier !== undefined && <GoBack {...{ modelId: id, name, champion, earlier }} />}
        <RunNow modelId={id} isUnderWay={isUnderWay} />
      </div>
    </Allowed>
  );
}

/** When a registered model is trained again, and who promotes what comes of it. */
export function Rhythm({ model }: { model: RegisteredModelView }) {
  const { schedule, timeZone, promotion, nextAt } = model;
  return (
    <>
      A new version is made {scheduleInWords(schedule, timeZone)}
      {nextAt && (
        <>
          , next on <Time at={nextAt} />
        </>
      )}
      ; what passes its gate {promotion === 'auto' ? 'serves at once' : 'waits for a person'}.
    </>
  );
}

/** A registered model: its champion, its rhythm, its last refresh. */
export function ModelCard({ model }: { model: RegisteredModelView }) {
  const [last] = model.runs;
  return (
    <Section
      title={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <DatasetLink href={`/pipeline/models/${encodeURIComponent(model.name)}`} className="hover:underline">
            {model.name}
          </DatasetLink>
          <span className="font-normal text-muted">
            <Kind kind={model.kind} />
          </span>
          <span className="font-normal">
            {model.championVersion === undefined ? 'no champion yet' : `champion: version ${model.championVersion}`}
          </span>
          <DeploymentBadge model={model} />
        </span>
      }
      note={<Rhythm model={model} />}
      actions={<ModelButtons model={model} />}
      flush
    >
      {last === undefined ? (
        <p className="px-5 pb-5 text-muted">
          {model.championVersion === undefined
            ? 'It has not been run yet: “Run now” makes its first version.'
            : `Version ${model.championVersion} was trained before it was registered: “Run now” makes the next one.`}
        </p>
      ) : (
        <>
          <p className="px-5 pb-3 text-sm text-muted">
            Last run: {last.status === 'queued' ? 'waits for the worker, asked for' : 'asked for'} by{' '}
            {last.actor || 'duet'}, <Time at={last.createdAt} />
          </p>
          <RunPicture run={last} />
        </>
      )}
    </Section>
  );
}
