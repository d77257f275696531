# Twin of reject/c1-call-into-a-function.s, without the fault.
function f
        call g
        ret
end f
function g
        nop
1:      ret
end g
