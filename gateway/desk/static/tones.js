// The sounds of the desk, made on the spot: a file of them would be a request, and louder than needed.

/** @type {Record<string, { kind: OscillatorType, length: number, notes: readonly (readonly [number, number])[] }>} at seconds, Hz */
const TONES = {
  soft: { kind: "sine", length: 0.3, notes: [[0, 660], [0.16, 830]] },
  bell: { kind: "triangle", length: 0.9, notes: [[0, 988], [0.02, 1976], [0.35, 784]] },
  knock: { kind: "sine", length: 0.09, notes: [[0, 180], [0.14, 180], [0.42, 160]] },
};

/** @type {AudioContext | null} */
let audio = null;

/** Whether it could be heard: a page that nobody has touched makes no sound. @param {string} name @returns {Promise<boolean>} */
export async function play(name) {
  try {
    audio ??= new AudioContext();
    const context = audio;
    await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, 300))]);
    if (context.state !== "running") return false;
    const tone = TONES[name] ?? TONES["soft"];
    if (!tone) return false;
    for (const [at, pitch] of tone.notes) {
      const voice = context.createOscillator();
      const volume = context.createGain();
      const start = context.currentTime + at;
      voice.type = tone.kind;
      voice.frequency.value = pitch;
      volume.gain.setValueAtTime(0.0001, start);
      volume.gain.exponentialRampToValueAtTime(0.06, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + tone.length);
      voice.connect(volume).connect(context.destination);
      voice.start(start);
      voice.stop(start + tone.length + 0.02);
    }
    return true;
  } catch {
    return false; // no sound here
  }
}
