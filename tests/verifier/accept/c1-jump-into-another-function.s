# Twin of reject/c1-jump-into-another-function.s, without the fault.
function f
        jmp g
end f
function g
        nop
1:      ret
end g
