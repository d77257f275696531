# Twin of reject/c2-jump-to-a-register.s, without the fault.
function f
        ret
end f
