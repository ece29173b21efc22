
// Passkeys, where the browser has them: a form that the page hides is shown, and what the browser proves goes along in it. Nothing is
// fetched.
export function passkeys() {
  const has = globalThis.PublicKeyCredential;
  if (!has?.parseRequestOptionsFromJSON) return;
  for (const form of document.querySelectorAll("form[data-fivebar-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const asked = JSON.parse(form.dataset.fivebarAsked);
      try {
        const answer =
          form.dataset.fivebarPasskey === "make"
            ? await navigator.credentials.create({ publicKey: has.parseCreationOptionsFromJSON(asked) })
            : await navigator.credentials.get({ publicKey: has.parseRequestOptionsFromJSON(asked) });
        form.querySelector("[data-fivebar-answer]").value = JSON.stringify(answer.toJSON());
        form.submit();
      } catch {
        const told = form.querySelector("[role=status]");
        told.textContent = told.dataset.fivebarWords;
      }
    });
  }
}
