# C2. A jump to a code address in a register.
function f
bad:    jmpq *%rax
end f
