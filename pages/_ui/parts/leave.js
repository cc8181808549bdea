// The session is over: the sign-in page is next, and afterwards this very address.
export default function () {
  const wanted = location.pathname + location.search;
  location.assign(wanted === "/" ? "/login" : "/login?next=" + encodeURIComponent(wanted));
}
