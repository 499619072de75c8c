/** A short, soft tone. Off until she turns it on; a dashboard in a shared office must not ring by itself. */

const KEY = "chatline.desk.sound";
const AT_MOST_EVERY_MS = 3000;
const TONE_HZ = 523;
const LOUDNESS = 0.06;

/**
 * @param {object} options
 * @param {Storage} options.storage localStorage: the choice outlives the tab
 * @param {function(): AudioContext} options.openAudio called by a click at the earliest, as browsers demand
 * @param {function(): number} options.now
 */
export function createSound({ storage, openAudio, now }) {
  let audio = null;
  let playedAt = -Infinity;
  let on = read();

  function read() {
    try {
      return storage.getItem(KEY) === "on";
    } catch (_error) {
      return false;
    }
  }

  function ring() {
    if (!audio) audio = openAudio();
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const start = audio.currentTime;
    tone.frequency.value = TONE_HZ;
    volume.gain.setValueAtTime(LOUDNESS, start);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.5);
    tone.connect(volume);
    volume.connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.5);
  }

  return {
    get on() {
      return on;
    },
    /** Turned on, it is heard at once: that is what was chosen. */
    toggle() {
      on = !on;
      try {
        storage.setItem(KEY, on ? "on" : "off");
      } catch (_error) {
        // Without storage the choice lasts as long as the page.
      }
      if (on) ring();
      return on;
    },
    play() {
      if (!on || now() - playedAt < AT_MOST_EVERY_MS) return;
      playedAt = now();
      ring();
    },
  };
}
