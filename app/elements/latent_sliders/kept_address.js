// The address of the page, kept as the parts of its link are, without asking the server.
const REST = 250; // milliseconds after the last change
const WATCHED_EVERY = 1000; // for the server writes the address without what it was not told

class KeptAddress {
  /** `parts` says what the link holds now, `paused` whether it is to wait, and `turn` is called when writing begins or ends. */
  constructor(root, { parts, turn, paused = () => false }) {
    Object.assign(this, { root, parts, turn, paused, path: location.pathname });
    this.watch = setInterval(() => !this.timer && this.#here() && this.href() !== location.href && this.written(), WATCHED_EVERY);
  }

  href() { return addressWith(this.parts()); }
  get busy() { return Boolean(this.timer); }

  /** Write the address, in a moment. */
  written() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      const address = this.href();
      if (this.#here() && !this.paused() && address !== location.href) history.replaceState(history.state, "", address);
      this.turn();
    }, REST);
    this.turn();
  }

  /** Whether the address is still that of this page: another's is written before this one is gone. */
  #here() { return this.root.isConnected && location.pathname === this.path; }

  stop() {
    clearTimeout(this.timer);
    clearInterval(this.watch);
  }
}
