// The syntax of `using`.
let left = false;
{
  using _scope = { [Symbol.dispose]: () => left = true };
}
console.log(left ? "works" : "is ignored");
