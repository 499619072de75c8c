/** Keeps the newest message in view for who reads the newest, and leaves in peace who reads further up. */

const NEAR_PX = 80;

/**
 * @param {Element} box what scrolls
 * @param {HTMLElement} newer a button that leads down, shown while something new is out of view
 */
export function createScrollKeeper(box, newer) {
  let following = true;
  const isNearEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
  const toEnd = () => {
    box.scrollTop = box.scrollHeight;
    newer.hidden = true;
  };
  box.addEventListener("scroll", () => {
    following = isNearEnd();
    if (following) newer.hidden = true;
  });
  newer.addEventListener("click", () => {
    following = true;
    toEnd();
  });
  return {
    /** Call after something was added, or after the box changed its size. */
    settle({ own = false, added = true } = {}) {
      if (own) following = true;
      if (following) toEnd();
      else if (added) newer.hidden = false;
    },
  };
}

/** The height that is really free above an on-screen keyboard, as --viewport on the page. */
export function followViewport(view, onChange) {
  const viewport = view.visualViewport;
  if (!viewport) return;
  const fit = () => {
    view.document.documentElement.style.setProperty("--viewport", `${viewport.height}px`);
    if (viewport.scale === 1) view.scrollTo(0, 0);
    onChange();
  };
  viewport.addEventListener("resize", fit);
  fit();
}
