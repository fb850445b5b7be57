/** The home page: "Inizia ora" opens the chat over the whole screen on phones. */

const chat = document.querySelector('#assistente');

document.querySelector('#inizia').addEventListener('click', (event) => {
  if (!matchMedia('(max-width: 40rem)').matches) return;
  event.preventDefault();
  chat.expand();
});
