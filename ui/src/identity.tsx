// Who you are: a token that is pasted, or a log-in that brings one.

import { type FormEvent, useEffect, useState, useSyncExternalStore } from 'react';
import { post } from './api';
import { currentToken, onToken, setToken } from './token';

const WHO = '{ viewer { user { username } runner { name } } }';
const LOG_IN = 'mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) { token } }';
const LOG_OUT = 'mutation { sessionDelete { deleted } }';

interface Who {
  viewer?: { user: { username: string } | null; runner: { name: string } | null };
}

export function Identity() {
  const token = useSyncExternalStore(onToken, currentToken);
  const { name, problem } = useName(token);
  const [opened, setOpened] = useState(false);
  return (
    <div className="identity">
      <span className={problem ? 'name problem' : 'name'} title={problem} role="status">
        {problem ?? name}
      </span>
      <input
        type="password"
        className="token"
        aria-label="Token"
        placeholder="Token: paste one here"
        autoComplete="off"
        spellCheck={false}
        value={token}
        onChange={(event) => setToken(event.target.value)}
      />
      {token ? (
        <button type="button" onClick={leave}>
          Log out
        </button>
      ) : (
        <button type="button" aria-expanded={opened} onClick={() => setOpened(!opened)}>
          Log in
        </button>
      )}
      {opened && !token && <LogIn done={() => setOpened(false)} />}
    </div>
  );
}

/** The name that the server gives to the holder of this token, or what it says against it. */
function useName(token: string): { name: string; problem?: string } {
  const [answer, setAnswer] = useState<{ token: string; name: string; problem?: string }>();
  useEffect(() => {
    if (!token) return undefined;
    let current = true;
    void post({ query: WHO }).then(({ data, errors }) => {
      if (!current) return;
      const { user, runner } = (data as Who | null | undefined)?.viewer ?? {};
      const problem = errors?.[0]?.message;
      const name = user?.username ?? (runner ? `runner ${runner.name}` : 'anonymous');
      setAnswer(problem === undefined ? { token, name } : { token, name, problem });
    });
    return () => {
      current = false;
    };
  }, [token]);
  if (!token) return { name: 'anonymous' };
  return answer?.token === token ? answer : { name: '…' };
}

/** Ends the session where there is one: an API token stays good, and is only taken out of the field. */
function leave() {
  void post({ query: LOG_OUT }).finally(() => setToken(''));
}

function LogIn({ done }: { done: () => void }) {
  const [problem, setProblem] = useState<string>();
  const logIn = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const input = { login: form.get('login'), password: form.get('password') };
    const { data, errors } = await post({ query: LOG_IN, variables: { input } });
    const token = (data as { sessionCreate?: { token: string } } | null | undefined)?.sessionCreate?.token;
    if (!token) return setProblem(errors?.[0]?.message ?? 'The server gave no token.');
    setToken(token);
    done();
  };
  return (
    <form className="log-in" onSubmit={(event) => void logIn(event)}>
      <label>
        Name or e-mail address
        <input name="login" autoComplete="username" required autoFocus />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      {problem && <p className="problem">{problem}</p>}
      <button type="submit">Log in</button>
    </form>
  );
}
