// Time of a clip: that of its sound where there is one, else a silent clock of the same length.
function makeClock(audio, duration, tick) {
  const clock = { playing: false, duration, audio, tick };
  let silent = 0;
  let since = 0;
  clock.time = () => (audio ? audio.currentTime : clock.playing ? Math.min(silent + (performance.now() - since) / 1000, duration) : silent);
  const turn = () => {
    if (clock.playing && !audio && clock.time() >= duration) clock.pause();
    clock.tick(clock);
    if (clock.playing) requestAnimationFrame(turn);
  };
  const begin = () => {
    if (clock.playing) return;
    since = performance.now();
    clock.playing = true;
    turn();
  };
  clock.play = () => {
    if (clock.time() >= duration - 0.05) clock.seek(0);
    if (!audio) return begin();
    audio.play().then(begin, () => clock.tick(clock));
  };
  clock.pause = () => {
    silent = clock.time();
    clock.playing = false;
    if (audio) audio.pause();
    clock.tick(clock);
  };
  clock.seek = (seconds) => {
    silent = Math.min(Math.max(seconds, 0), duration);
    since = performance.now();
    if (audio) audio.currentTime = silent;
    clock.tick(clock);
  };
  if (audio) {
    audio.addEventListener("ended", () => { if (clock.playing) clock.pause(); });
    audio.addEventListener("pause", () => { clock.playing = false; clock.tick(clock); });
    audio.addEventListener("seeked", () => clock.tick(clock));
  }
  return clock;
}
