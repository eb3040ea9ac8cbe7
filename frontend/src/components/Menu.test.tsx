/* The menu with mouse and keyboard, and where the focus is. */
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { Menu } from './Menu';

function draw(news: string | null = null) {
  const update = vi.fn();
  const reinstall = vi.fn();
  render(
    <>
      <Menu
        label="More"
        news={news}
        items={[
          { label: 'Update', onSelect: update },
          { label: 'Reinstall', isDangerous: true, onSelect: reinstall },
        ]}
      />
      <button type="button">Next</button>
    </>,
  );
  return { update, reinstall };
}

const more = () => screen.getByRole('button', { name: /^More/ });
const item = (name: string) => screen.getByRole('menuitem', { name });
const isClosed = () => {
  expect(screen.queryByRole('menu')).not.toBeInTheDocument();
  expect(more()).toHaveAttribute('aria-expanded', 'false');
};

it('opens, selects and closes with the mouse', async () => {
  const { reinstall } = draw();
  isClosed();
  await userEvent.click(more());
  expect(more()).toHaveAttribute('aria-expanded', 'true');
  expect(screen.getByRole('menu', { name: 'More' })).toBeInTheDocument();
  await userEvent.click(item('Reinstall'));
  expect(reinstall).toHaveBeenCalledTimes(1);
  isClosed();
  expect(more()).toHaveFocus();
});

it('closes on a second click and on a click elsewhere', async () => {
  draw();
  await userEvent.click(more());
  await userEvent.click(more());
  isClosed();
  await userEvent.click(more());
  await userEvent.click(document.body);
  isClosed();
});

it('is used with the keyboard alone', async () => {
  const { update } = draw();
  await userEvent.tab();
  await userEvent.keyboard('{ArrowDown}');
  expect(item('Update')).toHaveFocus();
  await userEvent.keyboard('{ArrowDown}');
  expect(item('Reinstall')).toHaveFocus();
  await userEvent.keyboard('{ArrowDown}');
  expect(item('Update')).toHaveFocus();
  await userEvent.keyboard('{ArrowUp}{Home}{End}{Home}');
  expect(item('Update')).toHaveFocus();
  await userEvent.keyboard('{Enter}');
  expect(update).toHaveBeenCalledTimes(1);
  isClosed();
});

it('opens at its end with the arrow upwards', async () => {
  draw();
  await userEvent.tab();
  await userEvent.keyboard('{ArrowUp}');
  expect(item('Reinstall')).toHaveFocus();
});

it('gives the focus back on Escape, and on with Tab', async () => {
  draw();
  await userEvent.click(more());
  await userEvent.keyboard('{Escape}');
  isClosed();
  expect(more()).toHaveFocus();
  await userEvent.keyboard('{Enter}');
  expect(item('Update')).toHaveFocus();
  await userEvent.tab();
  isClosed();
  expect(screen.getByRole('button', { name: 'Next' })).toHaveFocus();
});

it('says that there is something new', () => {
  draw('an update is available');
  expect(more()).toHaveAccessibleName('More (an update is available)');
});
