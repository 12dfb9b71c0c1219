// The whole page: a bar that says who you are, and the playground below it.

import { GraphiQL } from 'graphiql';
import { useSyncExternalStore } from 'react';
import { currentLink, onLink } from './api';
import { fetcher } from './fetcher';
import { Identity } from './identity';
import { starters } from './starters';
import { forgetTabs, storage } from './storage';

// Scalars that hold more than text and numbers; without this the variables editor underlines objects.
const SCALARS = { JSON: {} };

export function Page() {
  return (
    <div className="page">
      <header className="bar">
        <h1>
          docket <small>playground</small>
        </h1>
        <button type="button" title="Close all tabs and open one for each noun" onClick={openStarters}>
          Examples
        </button>
        <LinkLamp />
        <Identity />
      </header>
      <GraphiQL
        fetcher={fetcher}
        storage={storage}
        defaultTabs={starters}
        isHeadersEditorEnabled={false}
        showPersistHeadersSettings={false}
        inputValueDeprecation
        schemaDescription
        customScalarSchemas={SCALARS}
      />
    </div>
  );
}

function openStarters() {
  forgetTabs();
  window.location.reload();
}

/** Shown while a subscription runs: whether its socket is there. */
function LinkLamp() {
  const link = useSyncExternalStore(onLink, currentLink);
  if (link === 'none') return null;
  return (
    <span className={`lamp ${link}`} role="status">
      {link === 'open' ? 'live' : 'connecting…'}
    </span>
  );
}
