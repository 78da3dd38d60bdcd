// The page's side of the workers: two share the pair that is moved, a third has the strips and the judges.

/** A worker to which messages are promises. */
class Lane {
  constructor(source) {
    this.address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    this.worker = new Worker(this.address);
    this.waiting = new Map();
    this.sent = 0;
    this.worker.onmessage = ({ data }) => {
      const { done, failed } = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.error) failed(new Error(data.error));
      else done(data.answer);
    };
    this.worker.onerror = (event) => {
      for (const { failed } of this.waiting.values()) failed(new Error(event.message || "the worker stopped"));
      this.waiting.clear();
    };
  }

  ask(kind, message, moved = []) {
    const id = this.sent++;
    return new Promise((done, failed) => {
      this.waiting.set(id, { done, failed });
      this.worker.postMessage({ id, kind, ...message }, moved);
    });
  }

  stop() {
    this.worker.terminate();
    URL.revokeObjectURL(this.address);
  }
}

/** Runs one task at a time, and of those that are asked for meanwhile only the newest. */
class Newest {
  /** `rest` milliseconds pass between the end of a task and the next. */
  constructor(task, onTurn, rest = 0) {
    Object.assign(this, { task, onTurn, rest, busy: false, next: null });
  }

  ask(request) {
    if (this.busy) {
      this.next = request;
      return;
    }
    this.busy = true;
    this.onTurn();
    this.task(request)
      .catch(() => {}) // a worker that was stopped answers nobody; one that fails is told of where it is loaded
      .then(() => this.rest && new Promise((over) => setTimeout(over, this.rest)))
      .finally(() => {
        this.busy = false;
        const { next } = this;
        this.next = null;
        if (next !== null) this.ask(next);
        else this.onTurn();
      });
  }
}

async function fetchPacked(address) {
  // The name is a hash of the content: what is in the browser's cache is right, and need not be asked for again.
  const answer = await fetch(address, { cache: "force-cache" });
  if (!answer.ok) throw new Error(`a file could not be fetched (${answer.status})`);
  // Packed once where it was written, for the server would pack it anew for each visitor.
  return new Response(answer.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** The decoder of several models, in three workers. */
class Decoder {
  constructor(source, place) {
    this.place = place;
    this.live = new Lane(source);
    this.side = new Lane(source);
    this.back = new Lane(source);
    this.loaded = new Map();
    this.judged = new Map();
  }

  /** Load a model into the workers, once: promises of the two that share a pair, each with the modalities it decodes. */
  load(model) {
    if (!this.loaded.has(model.key)) {
      const { key, model: description } = model, bytes = fetchPacked(this.place + description.weights);
      bytes.then(() => performance.mark("mfm-weights"), () => {});
      const [first, ...others] = Object.keys(description.shapes);
      const into = (lane, modalities) => bytes.then((buffer) => lane.ask("load", { key, description, buffer, modalities }));
      const loaded = { live: into(this.live, [first]), side: others.length ? into(this.side, others) : null };
      this.loaded.set(model.key, loaded);
      Promise.all([loaded.live, loaded.side, into(this.back)]).catch(() => this.loaded.delete(model.key)); // it may be asked for again
    }
    return this.loaded.get(model.key);
  }

  /** Have the browser fetch a model's files that may be asked for without a network later. */
  prefetch({ model, judges }) {
    for (const { weights } of [model, ...Object.values(judges)]) fetchPacked(this.place + weights).catch(() => {});
  }

  /** Decode one Z of a loaded model: one worker has its first modality, another the rest. */
  async decode({ key, model: { shapes } }, z) {
    const [first] = Object.keys(shapes), { [first]: one, ...others } = z.a;
    const ask = (lane, a) => lane.ask("decode", { key, n: 1, z: { y: z.y, a } });
    const asked = [...(one ? [ask(this.live, { [first]: one })] : []), ...(Object.keys(others).length ? [ask(this.side, others)] : [])];
    const answers = await Promise.all(asked), all = (part) => Object.assign({}, ...answers.map((answer) => answer[part]));
    return { label: answers[0].label, pixels: all("pixels"), factors: all("factors") };
  }

  /** Load the judges of a model into the third worker, once. */
  loadJudges(model) {
    if (!this.judged.has(model.key)) {
      this.judged.set(model.key, this.#loadJudges(model));
      this.judged.get(model.key).catch(() => this.judged.delete(model.key));
    }
    return this.judged.get(model.key);
  }

  async #loadJudges({ key, judges }) {
    await Promise.all(
      Object.entries(judges).map(async ([modality, description]) => {
        const buffer = await fetchPacked(this.place + description.weights);
        await this.back.ask("judge", { key, modality, description, buffer }, [buffer]);
      }),
    );
  }

  stop() {
    this.live.stop();
    this.side.stop();
    this.back.stop();
  }
}
