interface NamedModel {
  name: string;
  version: number | null;
  /** The registered model whose champion it is. */
  championOf?: object | null;
}

/** What a model is called where several have one name: "home · version 2 · champion". */
export const modelTitle = ({ name, version, championOf }: NamedModel): string =>
  [name, version !== null && `version ${version}`, championOf && 'champion'].filter(Boolean).join(' · ');
