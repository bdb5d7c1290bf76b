/**
 * Sends `POST` requests over keep-alive connections as cheaply as Node can, so that it takes little from the service
 * that it measures: started by `overload.ts` as a process of its own, with its task as JSON on the command line, and
 * answered with one JSON line.
 *
 * At a `rate` the requests are due at evenly spread moments, whatever became of those before them; one that finds every
 * connection busy is not sent, as a shop whose pool is used up gives up. Without one, each connection asks again as
 * soon as it is answered.
 */
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export interface Task {
  url: string;
  path: string;
  key: string;
  bodies: string[];
  connections: number;
  seconds: number;
  /** Requests a second. */
  rate?: number | undefined;
}

export interface LoadReport {
  seconds: number;
  /** Requests that were due, those that were sent, and those that were answered with 200 and with 503. */
  due: number;
  sent: number;
  good: number;
  refused: number;
  /** Milliseconds of each answer with 200, from sending, in order of length. */
  ms: number[];
}

/** One connection and the one request under way on it. */
class Connection {
  busy = false;
  #socket: net.Socket;
  #sentAt = 0;
  #head = '';
  #left = -1;
  #status = 0;

  constructor(host: string, port: number, onAnswer: (connection: Connection, status: number, ms: number) => void) {
    this.#socket = net.connect(port, host).setNoDelay(true);
    this.#socket.on('data', (chunk) => {
      if (!this.#read(chunk)) return;
      this.busy = false;
      onAnswer(this, this.#status, performance.now() - this.#sentAt);
    });
  }

  /** Takes in a piece of an answer. Returns whether that was its end. */
  #read(chunk: Buffer): boolean {
    let body = chunk.length;
    if (this.#left < 0) {
      this.#head += chunk.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0) return false;
      this.#status = Number(this.#head.slice(9, 12));
      this.#left = Number(/\r\ncontent-length: *(\d+)/i.exec(this.#head)?.[1]);
      body = this.#head.length - end - 4;
      this.#head = '';
    }
    this.#left -= body;
    if (this.#left > 0) return false;
    this.#left = -1;
    return true;
  }

  send(request: Buffer): void {
    this.busy = true;
    this.#sentAt = performance.now();
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }
}

async function generate({ url, path, key, bodies, connections, seconds, rate }: Task): Promise<LoadReport> {
  const { hostname, port } = new URL(url);
  const requests = bodies.map((body) =>
    Buffer.from(
      [
        ...[`POST ${path} HTTP/1.1`, `host: ${hostname}:${port}`, `authorization: Bearer ${key}`],
        ...['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`, '', body],
      ].join('\r\n'),
    ),
  );
  const report: LoadReport = { seconds: 0, due: 0, sent: 0, good: 0, refused: 0, ms: [] };
  const idle: Connection[] = [];
  let going = true;
  const send = (connection: Connection): void => {
    connection.send(requests[report.sent++ % requests.length]!);
  };
  const all = Array.from({ length: connections }, () => {
    const connection = new Connection(hostname, Number(port), (answered, status, ms) => {
      if (status === 200) {
        report.good++;
        report.ms.push(ms);
      } else if (status === 503) report.refused++;
      if (going && rate === undefined) {
        report.due++;
        send(answered);
      } else idle.push(answered);
    });
    idle.push(connection);
    return connection;
  });
  const began = performance.now();
  if (rate === undefined) for (const connection of idle.splice(0)) send(connection);
  for (let passed = 0; passed < seconds * 1000; passed = performance.now() - began) {
    if (rate !== undefined) {
      for (; report.due < (passed / 1000) * rate; report.due++) {
        // The one that has been idle for longest, so that all are used.
        const connection = idle.shift();
        if (connection !== undefined) send(connection);
      }
    }
    await pause(1);
  }
  going = false;
  report.seconds = (performance.now() - began) / 1000;
  for (const connection of all) connection.close();
  report.ms.sort((a, b) => a - b);
  return report;
}

console.log(JSON.stringify(await generate(JSON.parse(process.argv[2]!))));
