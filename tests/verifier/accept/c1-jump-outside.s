# Twin of reject/c1-jump-outside.s, without the fault.
function f
        jmp 1f
1:
        ret
end f
