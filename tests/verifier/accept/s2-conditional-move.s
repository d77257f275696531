# Twin of reject/s2-conditional-move.s, without the fault.
function f
        cmovneq %rax, %rbp
        ret
end f
