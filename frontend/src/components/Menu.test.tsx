/* The menu with mouse and keyboard, and where the focus is. */
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { Menu } from './Menu';

function draw(news: string | null = null) {
  const upgrade = vi.fn();
  const reinstall = vi.fn();
  render(
    <>
      <Menu
        label="More"
        news={news}
        items={[
          { label: 'Upgrade', onSelect: upgrade },
          { label: 'Reinstall', isDangerous: true, onSelect: reinstall },
        ]}
      />
      <button type="button">Next</button>
    </>,
  );
  return { upgrade, reinstall };
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
  const { upgrade } = draw();
  await userEvent.tab();
  await userEvent.keyboard('{ArrowDown}');
  expect(item('Upgrade')).toHaveFocus();
  await userEvent.keyboard('{ArrowDown}');
  expect(item('Reinstall')).toHaveFocus();
  await userEvent.keyboard('{ArrowDown}');
  expect(item('Upgrade')).toHaveFocus();
  await userEvent.keyboard('{ArrowUp}{Home}{End}{Home}');
  expect(item('Upgrade')).toHaveFocus();
  await userEvent.keyboard('{Enter}');
  expect(upgrade).toHaveBeenCalledTimes(1);
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
  expect(item('Upgrade')).toHaveFocus();
  await userEvent.tab();
  isClosed();
  expect(screen.getByRole('button', { name: 'Next' })).toHaveFocus();
});

it('says that there is something new', () => {
  draw('an upgrade is available');
  expect(more()).toHaveAccessibleName('More (an upgrade is available)');
});

it('shows what can not be chosen, and does nothing about it', async () => {
  const upgrade = vi.fn();
  const items = [{ label: 'Upgrading', isDisabled: true, isBusy: true, onSelect: upgrade }];
  render(<Menu label="More" items={items} />);
  await userEvent.click(more());
  expect(item('Upgrading')).toHaveAttribute('aria-disabled', 'true');
  expect(item('Upgrading').querySelector('svg')).toBeInTheDocument();
  await userEvent.click(item('Upgrading'));
  await userEvent.keyboard('{Enter}');
  expect(upgrade).not.toHaveBeenCalled();
  expect(screen.getByRole('menu')).toBeInTheDocument();
});
