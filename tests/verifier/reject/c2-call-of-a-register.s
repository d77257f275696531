# C2. A call of a code address in a register.
function f
bad:    callq *%rax
        ret
end f
