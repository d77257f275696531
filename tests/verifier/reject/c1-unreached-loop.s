# C1. Code that only reaches itself.
function f
        ret
bad:    xorl %eax, %eax
        jmp bad
end f
