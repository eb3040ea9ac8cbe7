/*
 * Prepares every unit test: matchers for the DOM, and the two methods of <dialog> that jsdom lacks.
 */
import '@testing-library/jest-dom/vitest';

HTMLDialogElement.prototype.showModal = function showModal() {
  this.open = true;
};
HTMLDialogElement.prototype.close = function close() {
  this.open = false;
};
